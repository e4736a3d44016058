// What may be said next so that a caption is a JSON text of a schema, written compactly: no space and no line
// break between its parts. A guide follows one sequence on one thread at a time. All guides of a tokenizer
// share what its tokens say (some MB, made with the first guide); one guide owns some hundred KB.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"
#include "vignette/error.h"
#include "vignette/ids.h"

struct vig_guide;

namespace vignette {

class Guide {
public:
    // `end` are the tokens that end a caption, `vocabulary` the rows of the model's logits: rows that are no
    // token of the tokenizer, and special tokens, are never allowed. A schema that is wrong, too large or
    // asks for what cannot be followed is `invalid_input`; a tokenizer that cannot spell JSON `unsupported`.
    static Result<Guide> from_schema(
        const Tokenizer& tokenizer, std::string_view json_schema, std::span<const TokenId> end, int vocabulary
    );

    // One bit for each token of the vocabulary, 32 to a word, lowest first; valid until the next call. Never
    // empty. An end is among them exactly if the text is complete.
    Result<std::span<const std::uint32_t>> allowed();

    // One of those that the last allowed() allowed. After any error the guide must not be used again.
    Result<void> accept(TokenId token);

    // Whether the text so far is a whole JSON text of the schema. More may follow only where a longer one is
    // one as well, as after a number that is not in brackets.
    bool complete() const { return complete_; }

private:
    struct Free {
        void operator()(vig_guide* handle) const;
    };
    Guide(vig_guide* handle, std::span<const TokenId> end, int vocabulary);

    std::unique_ptr<vig_guide, Free> handle_;
    std::vector<TokenId> end_;
    std::vector<std::uint32_t> words_;
    int vocabulary_;
    bool complete_ = false;
    bool ended_ = false;
};

}  // namespace vignette
