#include "model/prompts/prompt_groups.h"

#include <algorithm>

namespace vignette {
namespace {

constexpr std::size_t tokens_max = 8192;  // of a group, padding included
// Below this a second group costs more than the padding that it saves: each reads all the weights once more.
constexpr std::size_t tokens_worth_a_group = 512;

bool wasteful(std::size_t tokens, std::size_t padded) {
    return padded - tokens > std::max(padded / 8, tokens_worth_a_group);
}

}  // namespace

std::size_t count_together(std::span<const int> lengths) {
    std::size_t longest = 0;
    std::size_t tokens = 0;
    for (std::size_t i = 0; i < lengths.size(); ++i) {
        longest = std::max(longest, static_cast<std::size_t>(lengths[i]));
        tokens += static_cast<std::size_t>(lengths[i]);
        const std::size_t padded = (i + 1) * longest;
        if (i > 0 && (padded > tokens_max || wasteful(tokens, padded))) return i;
    }
    return lengths.size();
}

}  // namespace vignette
