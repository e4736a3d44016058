#include "engine/ngram_rule.h"

#include <algorithm>
#include <numeric>

#include "vignette/invariant.h"

namespace vignette {
namespace {

bool before(std::span<const TokenId> a, std::span<const TokenId> b) {
    return std::ranges::lexicographical_compare(a, b);
}

}  // namespace

NgramRule::NgramRule(int n, std::span<const TokenId> prompt)
    : prefix_(static_cast<std::size_t>(n) - 1), prompt_(prompt.begin(), prompt.end()) {
    ASSERT(n > 0);
    if (prompt_.size() <= prefix_) return;
    starts_.resize(prompt_.size() - prefix_);
    std::iota(starts_.begin(), starts_.end(), 0U);
    const auto whole = [this](std::size_t start) {
        return std::span<const TokenId>(prompt_).subspan(start, prefix_ + 1);
    };
    std::ranges::sort(starts_, before, whole);
    const auto same = [](auto a, auto b) { return std::ranges::equal(a, b); };
    const auto rest = std::ranges::unique(starts_, same, whole);
    starts_.erase(rest.begin(), rest.end());
}

void NgramRule::forbid_after(std::span<const TokenId> tail, std::vector<TokenId>& forbidden) const {
    if (tail.size() < prefix_) return;
    const std::span<const TokenId> prefix = tail.last(prefix_);
    const auto found =
        std::ranges::equal_range(starts_, prefix, before, [this](std::size_t start) { return at(start); });
    for (const std::size_t start : found) forbidden.push_back(prompt_[start + prefix_]);
    for (std::size_t next = prefix_; next < tail.size(); ++next) {
        if (std::ranges::equal(tail.subspan(next - prefix_, prefix_), prefix))
            forbidden.push_back(tail[next]);
    }
}

}  // namespace vignette
