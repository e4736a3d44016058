#include "caption/wording/caption_stream.h"

#include <algorithm>
#include <utility>

#include "caption/wording/stop_matcher.h"

namespace vignette {

// The detokenizer reads the prefix first, because it decides how the tokens after it are written.
CaptionStream::CaptionStream(const Tokenizer& tokenizer, TextPlan plan, const OnPiece& on_piece)
    : detokenizer_(tokenizer), plan_(std::move(plan)), on_piece_(on_piece), text_(plan_.prefix) {
    if (!on_piece_ || plan_.prefix_tokens.empty()) return;
    const Result<std::string> prefix = tokenizer.decode(plan_.prefix_tokens);
    lost_ = !prefix.has_value();
    unheard_ = prefix ? prefix->size() : 0;
    for (const TokenId token : plan_.prefix_tokens) {
        if (const Result<std::string> text = detokenizer_.push(token)) add_text(*text);
    }
}

// What the detokenizer cannot say now it says later, or finish() does: whether the tokens have a text at all
// is judged there, as for a caption that nobody listens to.
OnToken CaptionStream::on_token() {
    if (!on_piece_) return {};
    tell_certain();
    return [this](TokenId token) {
        const Result<std::string> text = detokenizer_.push(token);
        if (!text || text->empty()) return;
        add_text(*text);
        tell_certain();
    };
}

Result<void> CaptionStream::finish(std::string_view text) {
    if (!on_piece_) return {};
    if (!text.starts_with(streamed_))
        return fail(ErrorCode::internal, "pieces were streamed that the caption does not begin with");
    if (text.size() > streamed_.size()) emit(text.substr(streamed_.size()));
    return {};
}

void CaptionStream::add_text(std::string_view text) {
    const std::size_t of_prefix = std::min(unheard_, text.size());
    unheard_ -= of_prefix;
    text_ += text.substr(of_prefix);
}

void CaptionStream::tell_certain() {
    if (lost_) return;
    const std::size_t prefix = plan_.prefix.size();
    const std::string_view said = std::string_view(text_).substr(prefix);
    std::size_t end = find_stop(said, plan_.stops);
    if (end == std::string_view::npos) end = said.size() - may_become_stop(said, plan_.stops);
    const std::string_view certain = std::string_view(text_).substr(0, prefix + end);
    std::string_view ready = certain.substr(0, certain_bytes(certain, plan_.wording));
    ready = stripped(plan_.prefix, ready);
    if (ready.size() > streamed_.size()) emit(ready.substr(streamed_.size()));
}

void CaptionStream::emit(std::string_view piece) {
    streamed_ += piece;
    on_piece_(piece);
}

}  // namespace vignette
