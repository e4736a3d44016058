#include "caption/picture_captioner.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "caption/pieces.h"
#include "caption/settings.h"
#include "core/stopwatch.h"
#include "core/texts.h"
#include "image/base64.h"
#include "image/decode.h"
#include "text/prompt.h"

namespace vignette {
namespace {

Result<Bytes> read(ImageSource source, const Limits& limits) {
    if (auto* given = std::get_if<EncodedImage>(&source)) return std::move(given->bytes);
    Result<Bytes> bytes = decode_base64(std::get<Base64Image>(source).text.view(), limits.image_bytes_max);
    if (!bytes && bytes.error().code == ErrorCode::bad_base64) {
        bytes.error().message +=
            "; encode the file's bytes again (white space and the URL-safe alphabet are fine)";
    }
    if (!bytes && bytes.error().code == ErrorCode::too_large) {
        bytes.error().message += "; send a smaller picture";
    }
    return bytes;
}

FinishReason why_finished(const std::vector<TokenId>& tokens, const DecodingRules& rules) {
    const bool ended = !tokens.empty() && std::ranges::find(rules.end, tokens.back()) != rules.end.end();
    return ended ? FinishReason::stop : FinishReason::length;
}

}  // namespace

PictureCaptioner::PictureCaptioner(BundleInfo bundle, Tokenizer tokenizer, Model& model, const Limits& limits)
    : bundle_(std::move(bundle)),
      tokenizer_(std::move(tokenizer)),
      limits_(limits),
      model_(model),
      engine_(model, limits) {}

int PictureCaptioner::pictures_at_once() const {
    return std::max(1, model_.shape().slots / bundle_.generation.num_beams);
}

Result<Caption> PictureCaptioner::caption(Job job, std::stop_token stop, const OnPiece& on_piece) {
    Stopwatch watch;
    Caption made;
    Settings settings = settle(job.options, bundle_);
    GenerationRequest request{.pixels = {}, .prompt = {}, .rules = settings.rules, .stop = std::move(stop)};
    request.prompt = TRY(about("input.prompt", encode_prompt(settings.prompt)));
    TRY(unless_stopped(request.stop));
    const Bytes encoded = TRY(about(job.image_field, read(std::move(job.image), limits_)));
    made.timings.fetch = watch.lap();

    TRY(unless_stopped(request.stop));
    const DecodedImage decoded = TRY(about(job.image_field, decode_image(encoded, limits_)));
    made.image = decoded.info;
    made.timings.decode = watch.lap();

    TRY(unless_stopped(request.stop));
    request.pixels = TRY(model_.preprocess(decoded.image));
    made.timings.preprocess = watch.lap();

    Pieces pieces(tokenizer_, on_piece);
    const Generation generation = TRY(engine_.generate(std::move(request), pieces.on_token()));
    made.timings.queue = generation.queue;
    made.timings.vision = generation.vision;
    made.timings.prefill = generation.prefill;
    made.timings.decode_steps = generation.decode_steps;

    made.text = std::string(strip(TRY(tokenizer_.decode(generation.decoded.tokens))));
    TRY(pieces.finish(made.text));
    made.tokens = generation.decoded.tokens;
    made.return_tokens = job.options.return_tokens;
    made.score = generation.decoded.score;
    made.finish = why_finished(made.tokens, settings.rules);
    made.model = describe_use(settings.prompt, settings.rules);
    made.warnings = std::move(job.warnings);
    made.warnings.insert(made.warnings.end(), settings.warnings.begin(), settings.warnings.end());
    made.timings.total = watch.total();
    return made;
}

// The placeholders of the picture stand before the text; the text brings its own start token with it.
Result<std::vector<TokenId>> PictureCaptioner::encode_prompt(std::string_view prompt) const {
    const TextRecipe& text = bundle_.text;
    if (prompt.size() > limits_.prompt_bytes_max) {
        return fail(
            ErrorCode::prompt_too_long, "the prompt has " + std::to_string(prompt.size()) + " bytes and " +
                                            std::to_string(limits_.prompt_bytes_max) +
                                            " are allowed; shorten it"
        );
    }
    const std::vector<TokenId> words = TRY(tokenizer_.encode(fill_template(text.prompt_template, prompt)));
    if (std::ranges::find(words, text.image_token) != words.end()) {
        return fail(
            ErrorCode::invalid_input,
            "the prompt contains the model's picture placeholder; leave it out, it is added"
        );
    }
    std::vector<TokenId> tokens(static_cast<std::size_t>(text.image_tokens), text.image_token);
    tokens.insert(tokens.end(), words.begin(), words.end());
    return tokens;
}

ModelUse PictureCaptioner::describe_use(const std::string& prompt, const DecodingRules& rules) const {
    return {
        .model = bundle_.name,
        .family = bundle_.family,
        .digest = bundle_.digest,
        .device = model_.device(),
        .dtype = std::string(to_text(bundle_.dtype)),
        .prompt = prompt,
        .max_length = rules.max_length,
        .min_length = rules.min_length,
        .num_beams = rules.num_beams,
    };
}

}  // namespace vignette
