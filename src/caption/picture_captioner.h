// One picture in, one caption out: the straight road from a job's bytes to the model's words.
// Any thread; the caller's thread decodes and preprocesses, the engine's thread computes.
#pragma once

#include <stop_token>
#include <vector>

#include "engine/engine.h"
#include "text/tokenizer.h"
#include "vignette/bundle.h"
#include "vignette/captioner.h"
#include "vignette/model.h"

namespace vignette {

class PictureCaptioner final : public Captioner {
public:
    PictureCaptioner(BundleInfo bundle, Tokenizer tokenizer, Model& model, const Limits& limits);

    int pictures_at_once() const override;
    Result<Caption> caption(Job job, std::stop_token stop, const OnPiece& on_piece) override;

private:
    Result<std::vector<TokenId>> encode_prompt(std::string_view prompt) const;
    ModelUse describe_use(const std::string& prompt, const DecodingRules& rules) const;

    const BundleInfo bundle_;
    const Tokenizer tokenizer_;
    const Limits limits_;
    const Model& model_;
    Engine engine_;
};

}  // namespace vignette
