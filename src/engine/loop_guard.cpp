#include "engine/loop_guard.h"

#include <algorithm>

namespace vignette {
namespace {

constexpr std::size_t block_max = 32;
constexpr std::size_t times_min = 4;
constexpr std::size_t tokens_min = 16;

// How many tokens at the end are the same as those `block` places before them.
std::size_t repeated(std::span<const TokenId> said, std::size_t block) {
    std::size_t count = 0;
    while (count + block < said.size() &&
           said[said.size() - 1 - count] == said[said.size() - 1 - count - block])
        ++count;
    return count;
}

}  // namespace

std::optional<std::size_t> length_without_loop(std::span<const TokenId> said) {
    if (said.size() < tokens_min) return std::nullopt;
    for (std::size_t block = 1; block <= block_max; ++block) {
        const std::size_t again = repeated(said, block);
        const std::size_t in_all = again + block;
        if (in_all >= tokens_min && in_all >= times_min * block) return said.size() - again;
    }
    return std::nullopt;
}

std::size_t repeating_tail(std::span<const TokenId> said) {
    std::size_t most = 0;
    for (std::size_t block = 1; block <= block_max; ++block) most = std::max(most, repeated(said, block));
    return most;
}

}  // namespace vignette
