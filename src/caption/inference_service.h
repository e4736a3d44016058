// All tasks over all models: which models a job needs, its pictures read once, words and vector of them.
// Any thread; a model is loaded by the first job that needs it.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "caption/cache/answer_cache.h"
#include "caption/media/picture_reader.h"
#include "caption/model_cache.h"
#include "caption/picture_captioner.h"
#include "caption/picture_embedder.h"
#include "caption/window_describer.h"
#include "vignette/captioner.h"
#include "vignette/embedder.h"
#include "vignette/model.h"

namespace vignette {

class CaptionModel final : public OpenedModel {
public:
    CaptionModel(
        std::unique_ptr<Model> model, BundleInfo bundle, Tokenizer tokenizer, const Limits& limits,
        const Batching& batching = {}
    )
        : model_(std::move(model)),
          captioner(std::move(bundle), std::move(tokenizer), *model_, limits, batching) {}

    std::size_t kept_bytes() override { return captioner.kept_bytes(); }

private:
    std::unique_ptr<Model> model_;

public:
    PictureCaptioner captioner;  // uses the model, so it is declared after it
};

class EmbeddingModel final : public OpenedModel {
public:
    EmbeddingModel(
        std::unique_ptr<Embedder> model, BundleInfo bundle, Tokenizer tokenizer, const Limits& limits
    )
        : model_(std::move(model)), embedder(std::move(bundle), std::move(tokenizer), *model_, limits) {}

private:
    std::unique_ptr<Embedder> model_;

public:
    PictureEmbedder embedder;  // uses the model, so it is declared after it
};

class InferenceService final : public Captioner {
public:
    // `decoders` may be null: then this process decodes.
    InferenceService(
        const CaptionerConfig& config, ModelCache::Open open_model, std::unique_ptr<DecoderPool> decoders
    );

    // Loads the default model at once unless the configuration says otherwise.
    static Result<std::unique_ptr<Captioner>> open(
        const CaptionerConfig& config, ModelCache::Open open_model
    );

    CachesUse caches() const override;
    int pictures_at_once() const override;
    Result<void> fetch(Job& job, const std::stop_token& stop) override;
    Result<void> fetch(Film& film, const std::stop_token& stop) override;
    Result<Caption> caption(Job job, std::stop_token stop, const OnPiece& on_piece) override;
    Result<FilmInfo> describe(
        Film film, std::stop_token stop, const OnFrame& on_frame, const OnPiece& on_piece
    ) override;

private:
    struct Models {  // that a job needs; held while it runs
        std::shared_ptr<CaptionModel> words;
        std::shared_ptr<EmbeddingModel> vector;
    };
    struct Past {                     // what earlier jobs left for this one
        std::optional<CacheKey> key;  // of its answer
        std::optional<Caption> answer;
        std::vector<ReadPicture> seen;  // its pictures, as far as the model has seen them

        bool all_seen() const;
        void recall_in(ReadPictures& pictures);
    };
    struct Wanted {  // a bundle by its name in the job, or the default
        std::string_view name;
        std::string_view field;
        const std::filesystem::path& standard;
    };

    std::optional<Wanted> words_wanted(const Job& job) const;
    std::optional<Wanted> vector_wanted(const Job& job) const;
    Result<void> check_models(const Job& job) const;
    Result<Models> models_of(const Job& job);
    static std::unique_ptr<Preparation> prepare_for(const Models& models, const Job& job);
    static std::string digests_of(const Models& models);
    Past remember(
        const Models& models, const Job& job, const DecodeNeed& need, std::span<const Bytes> encoded
    );
    static DecodeNeed need_of(const Models& models, const Job& job);
    static Result<Caption> answer(
        const Models& models, Job job, ReadPictures pictures, const std::stop_token& stop,
        const OnPiece& on_piece
    );
    Result<FilmInfo> describe_together(
        const Models& models, Film film, const std::stop_token& stop, const OnFrame& on_frame,
        const OnPiece& on_piece
    );
    Result<Caption> answer_about(
        PictureCaptioner& captioner, Job job, FrameSeries series, const std::stop_token& stop,
        const OnPiece& on_piece
    );
    Result<std::filesystem::path> find(const Wanted& wanted) const;
    template <class Kind>
    Result<std::shared_ptr<Kind>> acquire(const Wanted& wanted, std::string_view what_for);
    Result<void> load_default();

    const CaptionerConfig config_;
    ModelCache models_;
    const std::unique_ptr<DecoderPool> decoders_;
    AnswerCache cache_;
    std::atomic<std::uint64_t> vision_hits_ = 0;
    std::atomic<std::uint64_t> vision_misses_ = 0;
    PictureReader reader_;
    int pictures_at_once_;
};

}  // namespace vignette
