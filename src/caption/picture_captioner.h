// Pictures in, a caption out: the straight road from pixels to the model's words.
// Any thread; the caller's thread preprocesses, the engine's thread computes.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <stop_token>
#include <vector>

#include "caption/cache/model_digest.h"
#include "caption/cache/vision_cache.h"
#include "caption/media/picture_reader.h"
#include "caption/prompt_tokens.h"
#include "caption/settings.h"
#include "caption/wording/caption_stream.h"
#include "core/stopwatch.h"
#include "engine/engine.h"
#include "image/decode.h"
#include "text/tokenizer.h"
#include "vignette/bundle.h"
#include "vignette/captioner.h"
#include "vignette/model.h"

namespace vignette {

struct FilmFrames {
    std::vector<Image> images;  // of one size
    std::vector<double> times;  // when each is shown, in seconds
    MediaGate::Pass held;       // of their memory
    MediaGate::Pass pass;
};

class PictureCaptioner {
public:
    PictureCaptioner(
        BundleInfo bundle, Tokenizer tokenizer, Model& model, const Limits& limits,
        const Batching& batching = {}
    );

    int pictures_at_once() const;
    const BundleInfo& bundle() const { return bundle_; }
    // Of what words come from: the bundle, how large the operator lets its pictures be, and the precision.
    std::string digest() const {
        return model_digest(bundle_) + ':' + std::to_string(bundle_.pixels.pixels_max);
    }
    std::unique_ptr<Preparation> prepare(const Job& job) const {
        return model_.prepare(wish_of(job.options));
    }

    // The job's pictures, whose files have those digests, as far as they are known from earlier jobs.
    std::vector<ReadPicture> recall(
        const Job& job, std::span<const CacheKey> pictures, const DecodeNeed& need
    );

    bool keeps_pictures() const { return vision_.keeps(); }
    std::size_t kept_bytes() { return vision_.bytes(); }

    // `pictures` are the job's, read; they are let go as soon as the model has seen them. Any thread; the
    // times of fetching and decoding are the caller's.
    Result<Caption> caption(
        const Job& job, ReadPictures pictures, std::stop_token stop, const OnPiece& on_piece
    );

    // The same about frames of a film, which are let go as soon as they are in the model's form.
    Result<void> check_takes_films() const;
    int frames_together() const;  // where the job does not say
    Result<Caption> caption(const Job& job, FilmFrames film, std::stop_token stop, const OnPiece& on_piece);

private:
    // What every sequence of a job has in common.
    struct Work {
        JobId job;
        Settings settings;
        PictureWish wish;
        TextPlan text;
        SeenText seen;
        std::vector<TokenId> words;  // of the prompt, before what is seen has its places in it
        std::vector<std::shared_ptr<const ModelInput>> pictures;
        Size picture;                // the last one, as it is shown
        Size seen_in;                // how large the model sees that one
        std::vector<CacheKey> kept;  // what the model sees in the pictures is kept under these
        bool all_seen = true;        // by the model, in earlier jobs or others at work
        std::vector<TokenId> prompt;
        std::string schema;
        std::stop_token stop;
    };

    Result<Work> read(const Job& job, SeenText seen, std::stop_token stop) const;
    Result<void> see(std::vector<ReadPicture>& images, Work& work);
    Result<void> see(const FilmFrames& film, Work& work) const;
    Result<Caption> say(const Job& job, Work work, Stopwatch& watch, const OnPiece& on_piece);
    void tell_boxes(const Work& work, std::string& text, std::vector<Warning>& warnings) const;
    void assemble(const CaptionOptions& options, Work& work) const;
    Result<GenerationRequest> request_of(const Work& work, int sample) const;
    Result<std::vector<Decoded>> run(Work& work, CaptionStream& pieces, Timings& timings);
    Result<void> answer(
        const Work& work, const CaptionOptions& options, std::vector<Decoded> decoded, Caption& made
    ) const;
    ModelUse describe_use(const Settings& settings) const;

    const BundleInfo bundle_;
    const Tokenizer tokenizer_;
    const Limits limits_;
    const Model& model_;
    VisionCache vision_;
    Engine engine_;
};

}  // namespace vignette
