// Pictures in, a caption out: the straight road from pixels to the model's words.
// Any thread; the caller's thread preprocesses, the engine's thread computes.
#pragma once

#include <memory>
#include <stop_token>
#include <vector>

#include "caption/media/picture_reader.h"
#include "caption/settings.h"
#include "caption/wording/caption_stream.h"
#include "engine/engine.h"
#include "image/decode.h"
#include "text/tokenizer.h"
#include "vignette/bundle.h"
#include "vignette/captioner.h"
#include "vignette/model.h"

namespace vignette {

class PictureCaptioner {
public:
    PictureCaptioner(BundleInfo bundle, Tokenizer tokenizer, Model& model, const Limits& limits);

    int pictures_at_once() const;
    const BundleInfo& bundle() const { return bundle_; }
    std::unique_ptr<Preparation> prepare() const { return model_.prepare(); }

    // `pictures` are the job's, read; they are let go as soon as the model has seen them. Any thread; the
    // times of fetching and decoding are the caller's.
    Result<Caption> caption(Job job, ReadPictures pictures, std::stop_token stop, const OnPiece& on_piece);

private:
    // What every sequence of a job has in common.
    struct Work {
        Settings settings;
        TextPlan text;
        std::vector<TokenId> words;  // of the prompt, before the pictures have their places in it
        std::vector<std::shared_ptr<const ModelInput>> pictures;
        std::vector<TokenId> prompt;
        std::string schema;
        std::stop_token stop;
    };

    Result<Work> read(const Job& job, std::size_t pictures, std::stop_token stop) const;
    Result<void> see(const std::vector<ReadPicture>& images, Work& work) const;
    void assemble(const CaptionOptions& options, Work& work) const;
    Result<GenerationRequest> request_of(const Work& work, int sample) const;
    Result<std::vector<Decoded>> run(const Work& work, CaptionStream& pieces, Timings& timings);
    Result<void> answer(
        const Work& work, const CaptionOptions& options, std::vector<Decoded> decoded, Caption& made
    ) const;
    ModelUse describe_use(const Settings& settings) const;

    const BundleInfo bundle_;
    const Tokenizer tokenizer_;
    const Limits limits_;
    const Model& model_;
    Engine engine_;
};

}  // namespace vignette
