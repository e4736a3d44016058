#include "text/detokenizer.h"

#include <span>
#include <string_view>
#include <utility>

namespace vignette {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

constexpr std::size_t waiting_often_max = 8;  // a character has at most four bytes, an emoji some characters

}  // namespace

// A decoder with byte fallback judges a run of byte tokens as a whole: one bad byte at its end turns the good
// characters before it into U+FFFD as well. So nothing of a run is certain before a visible token has ended
// it.
Result<bool> Detokenizer::may_change(TokenId token) {
    if (tokenizer_->is_byte(token)) {
        in_bytes_ = true;
    } else if (in_bytes_) {
        const std::string alone = TRY(tokenizer_->decode(std::span(&token, 1)));
        in_bytes_ = alone.empty();
    }
    return in_bytes_;
}

// Decoders look at neighbours (a space in front is dropped, a suffix becomes a space), so a token is decoded
// after those that were said last, and their text is cut off again.
Result<std::string> Detokenizer::push(TokenId token) {
    tokens_.push_back(token);
    if (TRY(may_change(token))) return std::string();
    const std::size_t waiting = tokens_.size() - said_;
    if (waiting < patience_) return std::string();

    const std::span<const TokenId> window = std::span(tokens_).subspan(window_);
    const std::string before = TRY(tokenizer_->decode(window.first(said_ - window_)));
    const std::string after = TRY(tokenizer_->decode(window));
    if (after.size() == before.size() || !after.starts_with(before) || after.ends_with(replacement)) {
        // Doubling keeps a thousand invisible tokens from costing a thousand times a thousand.
        patience_ = waiting < waiting_often_max ? 0 : 2 * waiting;
        return std::string();
    }
    window_ = std::exchange(said_, tokens_.size());
    patience_ = 0;
    std::string piece = after.substr(before.size());
    sent_ += piece;
    return piece;
}

Result<std::string> Detokenizer::finish() {
    const std::string whole = TRY(tokenizer_->decode(tokens_));
    const std::string sent = std::move(sent_);
    *this = Detokenizer(*tokenizer_);
    if (!whole.starts_with(sent))
        return fail(ErrorCode::internal, "the tokenizer's decoder has changed text that was already sent");
    return whole.substr(sent.size());
}

}  // namespace vignette
