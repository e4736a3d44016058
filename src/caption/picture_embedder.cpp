#include "caption/picture_embedder.h"

#include <string>
#include <utility>

#include "text/prompt.h"

namespace vignette {

PictureEmbedder::PictureEmbedder(
    BundleInfo bundle, Tokenizer tokenizer, Embedder& embedder, const Limits& limits
)
    : bundle_(std::move(bundle)),
      tokenizer_(std::move(tokenizer)),
      limits_(limits),
      embedder_(embedder),
      queue_(embedder, limits) {}

Result<std::future<Result<Vector>>> PictureEmbedder::start(
    const Image& image, OverlappedPreprocess* begun, std::stop_token stop
) {
    return queue_.submit(
        TRY(begun != nullptr ? begun->finish(image) : embedder_.preprocess(image)), std::move(stop)
    );
}

// A text that is too long is cut as the reference cuts it: at the end, keeping the end token.
Result<std::vector<TokenId>> PictureEmbedder::read(std::string_view text, std::vector<Warning>& warnings)
    const {
    if (text.size() > limits_.prompt_bytes_max) {
        return fail(
            ErrorCode::prompt_too_long, "the text has " + std::to_string(text.size()) + " bytes and " +
                                            std::to_string(limits_.prompt_bytes_max) +
                                            " are allowed; shorten it"
        );
    }
    std::vector<TokenId> tokens = TRY(tokenizer_.encode(fill_template(bundle_.text.prompt_template, text)));
    const auto most = static_cast<std::size_t>(bundle_.text.tokens_max);
    if (tokens.size() > most) {
        warnings.push_back(
            {.field = "input.text",
             .message = "the text has " + std::to_string(tokens.size()) + " tokens and the model reads " +
                        std::to_string(most) + "; the rest was cut off"}
        );
        tokens[most - 1] = tokens.back();
        tokens.resize(most);
    }
    return tokens;
}

Result<std::future<Result<Vector>>> PictureEmbedder::start(std::vector<TokenId> text, std::stop_token stop) {
    return queue_.submit(std::move(text), std::move(stop));
}

Embedding PictureEmbedder::describe(Vector values, VectorFormat format) const {
    return {.values = std::move(values), .format = format, .model = bundle_.name, .digest = bundle_.digest};
}

}  // namespace vignette
