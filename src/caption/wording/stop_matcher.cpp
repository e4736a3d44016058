#include "caption/wording/stop_matcher.h"

#include <algorithm>
#include <utility>

namespace vignette {
namespace {

// Each token has at least a byte, some are invisible, and the first of a tail may lose its beginning.
constexpr std::size_t spare_tokens = 16;

std::size_t longest(std::span<const std::string> stops) {
    std::size_t bytes = 0;
    for (const std::string& stop : stops) bytes = std::max(bytes, stop.size());
    return bytes;
}

class StopWatch {
public:
    StopWatch(const Tokenizer& tokenizer, std::vector<TokenId> prefix, std::vector<std::string> stops)
        : tokenizer_(&tokenizer),
          prefix_(std::move(prefix)),
          stops_(std::move(stops)),
          tail_(longest(stops_) + spare_tokens) {}

    // First the tail alone: the work of a step must not grow with the caption.
    bool ends(std::span<const TokenId> said) const {
        if (said.size() > tail_) {
            const Result<std::string> tail = tokenizer_->decode(said.last(tail_));
            if (!tail || find_stop(*tail, stops_) == std::string_view::npos) return false;
        }
        const Result<std::string> text = text_behind(*tokenizer_, prefix_, said);
        return text && find_stop(*text, stops_) != std::string_view::npos;
    }

private:
    const Tokenizer* tokenizer_;
    std::vector<TokenId> prefix_;
    std::vector<std::string> stops_;
    std::size_t tail_;
};

}  // namespace

std::size_t find_stop(std::string_view text, std::span<const std::string> stops) {
    std::size_t first = std::string_view::npos;
    for (const std::string& stop : stops) first = std::min(first, text.find(stop));
    return first;
}

std::size_t may_become_stop(std::string_view text, std::span<const std::string> stops) {
    std::size_t held = 0;
    for (const std::string& stop : stops) {
        for (std::size_t size = std::min(stop.size() - 1, text.size()); size > held; --size) {
            if (text.ends_with(std::string_view(stop).substr(0, size))) held = size;
        }
    }
    return held;
}

Result<std::string> text_behind(
    const Tokenizer& tokenizer, std::span<const TokenId> prefix, std::span<const TokenId> said
) {
    if (prefix.empty()) return tokenizer.decode(said);
    std::vector<TokenId> all(prefix.begin(), prefix.end());
    all.insert(all.end(), said.begin(), said.end());
    const std::string before = TRY(tokenizer.decode(prefix));
    const std::string whole = TRY(tokenizer.decode(all));
    if (!whole.starts_with(before)) return tokenizer.decode(said);
    return whole.substr(before.size());
}

EndsHere end_at_stop(
    const Tokenizer& tokenizer, std::vector<TokenId> prefix, std::vector<std::string> stops
) {
    if (stops.empty()) return {};
    return [watch = StopWatch(tokenizer, std::move(prefix), std::move(stops))](std::span<const TokenId> said
           ) { return watch.ends(said); };
}

}  // namespace vignette
