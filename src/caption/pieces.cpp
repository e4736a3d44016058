#include "caption/pieces.h"

namespace vignette {
namespace {

constexpr std::string_view blank = " \t\r\n";

}  // namespace

std::string_view strip(std::string_view text) {
    text = text.substr(0, text.find_last_not_of(blank) + 1);  // npos + 1 is 0
    return text.empty() ? text : text.substr(text.find_first_not_of(blank));
}

// What the detokenizer cannot say now it says later, or finish() does: whether the tokens have a text at all
// is judged there, as for a caption that nobody listens to.
OnToken Pieces::on_token() {
    if (!on_piece_) return {};
    return [this](TokenId token) {
        if (const Result<std::string> text = detokenizer_.push(token)) add(*text);
    };
}

Result<void> Pieces::finish(std::string_view text) {
    if (!on_piece_) return {};
    if (!text.starts_with(told_))
        return fail(ErrorCode::internal, "pieces were told that the caption does not begin with");
    if (text.size() > told_.size()) tell(text.substr(told_.size()));
    return {};
}

void Pieces::add(std::string_view text) {
    const std::size_t end = text.find_last_not_of(blank) + 1;
    if (end > 0) {
        held_ += text.substr(0, end);
        tell(told_.empty() ? strip(held_) : held_);
        held_.clear();
    }
    held_ += text.substr(end);
}

void Pieces::tell(std::string_view piece) {
    told_ += piece;
    on_piece_(piece);
}

}  // namespace vignette
