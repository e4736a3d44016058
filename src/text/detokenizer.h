// Turns the tokens of one running sequence into text as they come, without ever sending half a character.
// Threads: one at a time. The Tokenizer must outlive it. Text is held back until finish() at the latest.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "text/tokenizer.h"
#include "vignette/error.h"
#include "vignette/ids.h"

namespace vignette {

// The pieces of push() and finish(), joined, are Tokenizer::decode() of all tokens, to the byte.
class Detokenizer {
public:
    explicit Detokenizer(const Tokenizer& tokenizer) : tokenizer_(&tokenizer) {}

    // The text that is certain now; often empty. On average the work does not grow with the text.
    Result<std::string> push(TokenId token);

    // The rest, with U+FFFD for what stayed half a character. Afterwards it is as new.
    Result<std::string> finish();

private:
    Result<bool> may_change(TokenId token);

    const Tokenizer* tokenizer_;
    std::vector<TokenId> tokens_;
    std::string sent_;
    std::size_t window_ = 0;    // tokens_ before it have no influence on what comes
    std::size_t said_ = 0;      // tokens_ before it are in sent_
    std::size_t patience_ = 0;  // do not try again before this many tokens wait
    bool in_bytes_ = false;     // the last visible token is one byte
};

}  // namespace vignette
