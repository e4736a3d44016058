// A caption told while it is made: tokens in, pieces of text out, as soon as they are certain.
// Threads: one at a time. The tokenizer and the listener must outlive it.
#pragma once

#include <string>
#include <string_view>

#include "engine/engine.h"
#include "text/detokenizer.h"
#include "vignette/captioner.h"

namespace vignette {

// A caption begins and ends with something one can see. Points into `text`.
std::string_view strip(std::string_view text);

// The pieces joined are the caption's stripped text, to the byte. None is empty or cuts a character.
class Pieces {
public:
    Pieces(const Tokenizer& tokenizer, const OnPiece& on_piece)
        : detokenizer_(tokenizer), on_piece_(on_piece) {}

    // What the engine is to call; empty when nobody listens.
    OnToken on_token();

    // Tells what is still missing of the caption's text: all of it, if no token was heard.
    Result<void> finish(std::string_view text);

private:
    void add(std::string_view text);
    void tell(std::string_view piece);

    Detokenizer detokenizer_;
    const OnPiece& on_piece_;
    std::string told_;
    std::string held_;  // blanks: the end of the caption, or what stands before its next word
};

}  // namespace vignette
