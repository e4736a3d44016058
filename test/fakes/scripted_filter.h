// A grammar without a language: what it allows is a hash of everything it has accepted.
// It aborts when it is told a token that it does not allow, or asked after it was told the end.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/rules.h"

namespace vignette {

struct FilterScript {
    std::uint64_t seed = 1;
    int vocabulary = 40;
    std::vector<TokenId> end{};
    std::size_t complete_after = 1000;         // from that many tokens on, only end tokens are allowed
    std::optional<std::size_t> fails_after{};  // that many tokens
};

class ScriptedFilter final : public TokenFilter {
public:
    explicit ScriptedFilter(FilterScript script);

    // What it allows after `said`; end tokens only where it is complete.
    static std::vector<bool> permitted(const FilterScript& script, std::span<const TokenId> said);

    Result<std::span<const std::uint32_t>> allowed() override;
    Result<void> accept(TokenId token) override;

private:
    const FilterScript script_;
    std::vector<TokenId> said_;
    std::vector<std::uint32_t> mask_;
};

}  // namespace vignette
