#include "fakes/scripted_filter.h"

#include <algorithm>
#include <utility>

#include "vignette/invariant.h"

namespace vignette {
namespace {

std::uint64_t mixed(std::uint64_t value) {
    value = (value ^ (value >> 29U)) * 0xBF58476D1CE4E5B9U;
    return value ^ (value >> 32U);
}

bool ends(const FilterScript& script, TokenId token) {
    return std::ranges::find(script.end, token) != script.end.end();
}

}  // namespace

ScriptedFilter::ScriptedFilter(FilterScript script) : script_(std::move(script)) {}

std::vector<bool> ScriptedFilter::permitted(const FilterScript& script, std::span<const TokenId> said) {
    std::uint64_t state = script.seed;
    for (const TokenId token : said) state = mixed(state * 31 + static_cast<std::uint64_t>(token) + 1);
    const bool complete = said.size() >= script.complete_after;
    std::vector<bool> result;
    for (int i = 0; i < script.vocabulary; ++i) {
        const bool picked = mixed(state + 77 * static_cast<std::uint64_t>(i)) % 4 == 0 || i == 0;
        result.push_back(ends(script, TokenId{i}) ? complete : picked && !complete);
    }
    return result;
}

Result<std::span<const std::uint32_t>> ScriptedFilter::allowed() {
    ASSERT(said_.empty() || !ends(script_, said_.back()));
    if (script_.fails_after && said_.size() >= *script_.fails_after)
        return fail(ErrorCode::invalid_input, "the grammar is lost");
    const std::vector<bool> permits = permitted(script_, said_);
    mask_.assign((permits.size() + 31) / 32, 0);
    for (std::size_t i = 0; i < permits.size(); ++i) {
        if (permits[i]) mask_[i / 32] |= 1U << (i % 32);
    }
    return mask_;
}

Result<void> ScriptedFilter::accept(TokenId token) {
    ASSERT(permitted(script_, said_)[static_cast<std::size_t>(token)]);
    said_.push_back(token);
    mask_.clear();  // whoever still looks at it sees nothing
    return {};
}

}  // namespace vignette
