// Streams a caption while it is made: tokens in, pieces of text out, as soon as they are certain.
// Threads: one at a time. The tokenizer and the listener must outlive it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "caption/wording/form_text.h"
#include "engine/engine.h"
#include "text/detokenizer.h"
#include "vignette/captioner.h"

namespace vignette {

// What is known about a caption's text before it is made.
struct TextPlan {
    std::string prefix{};                  // how it begins
    std::vector<TokenId> prefix_tokens{};  // as the model reads it
    std::vector<std::string> stops{};      // it ends before the first of them
    Wording wording = Wording::as_said;
};

// The pieces joined are the caption's text, to the byte. None is empty or cuts a character.
class CaptionStream {
public:
    CaptionStream(const Tokenizer& tokenizer, TextPlan plan, const OnPiece& on_piece);

    // What the engine must call; empty if nobody listens. The prefix is streamed at once.
    OnToken on_token();

    // Streams the rest of the caption's text: all of it, if no token was streamed.
    Result<void> finish(std::string_view text);

private:
    void add_text(std::string_view text);
    void tell_certain();
    void emit(std::string_view piece);

    Detokenizer detokenizer_;
    const TextPlan plan_;
    const OnPiece& on_piece_;
    std::size_t unheard_ = 0;  // bytes of the prefix that the detokenizer has yet to say
    bool lost_ = false;        // the spelling of the prefix is not known: everything is streamed at the end
    std::string text_;         // prefix and what was said
    std::string streamed_;
};

}  // namespace vignette
