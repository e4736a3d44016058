// The tokenizer of a bundle: text to token ids and back, exactly as Hugging Face's tokenizer.json says.
// Threads: any number may use one const Tokenizer at once. It owns a few MB until it dies.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vignette/error.h"
#include "vignette/ids.h"

struct vig_tokenizer;

namespace vignette {

class Tokenizer {
public:
    // The content of a tokenizer.json. Padding and truncation that were saved in it are ignored.
    static Result<Tokenizer> from_json(std::string_view json);

    // With the special tokens that the file's post-processor adds, if they are wanted. A special token that
    // is spelled out in `text` becomes that token: ask special_in() where the text is a stranger's.
    Result<std::vector<TokenId>> encode(std::string_view text, bool special_tokens = true) const;

    // The first special token that is spelled out in `text`; the one for unknown characters does not count.
    Result<std::optional<std::string>> special_in(std::string_view text) const;

    // Without special tokens. Always valid UTF-8; an id that the vocabulary does not have adds nothing.
    Result<std::string> decode(std::span<const TokenId> tokens) const;

    std::optional<TokenId> id_of(std::string_view token) const;
    std::size_t vocabulary() const;  // number of tokens, the added ones too

    // Whether the token is one byte of a character that has no token of its own ("<0xE7>", as Llama has
    // them).
    bool is_byte(TokenId token) const;

private:
    friend class Guide;  // spells its tokens
    struct Free {
        void operator()(vig_tokenizer* handle) const;
    };
    explicit Tokenizer(vig_tokenizer* handle);
    Result<void> learn_specials();
    Result<std::string> decode(std::span<const TokenId> tokens, bool skips_specials) const;

    std::unique_ptr<vig_tokenizer, Free> handle_;
    std::vector<TokenId> bytes_;     // sorted; empty in most vocabularies
    std::vector<TokenId> specials_;  // sorted
};

}  // namespace vignette
