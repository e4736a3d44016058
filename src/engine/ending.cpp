#include "engine/ending.h"

#include <algorithm>
#include <utility>

#include "engine/loop_guard.h"

namespace vignette {

EndRules::EndRules(const DecodingRules& rules, EndsHere ends_here)
    : end_(rules.end),
      max_length_(static_cast<std::size_t>(rules.max_length)),
      guards_loops_(rules.guards_loops),
      ends_here_(std::move(ends_here)) {}

std::optional<Ending> EndRules::after(std::span<const TokenId> said) const {
    if (std::ranges::find(end_, said.back()) != end_.end()) return Ending::end_token;
    if (ends_here_ && ends_here_(said)) return Ending::ends_here;
    if (guards_loops_ && length_without_loop(said)) return Ending::loop;
    if (said.size() >= max_length_) return Ending::length;
    return std::nullopt;
}

void cut_loop(Decoded& decoded) {
    if (decoded.ending != Ending::loop) return;
    const std::size_t kept = length_without_loop(decoded.tokens).value_or(decoded.tokens.size());
    decoded.tokens.resize(kept);
    decoded.logprobs.resize(std::min(decoded.logprobs.size(), kept));
}

}  // namespace vignette
