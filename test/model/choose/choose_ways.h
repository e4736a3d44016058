// The two ways to choose, for tests that hold for both.
#pragma once

#include "model/choose/choose_tokens.h"

namespace vignette {

using Way = Result<CandidateLists> (*)(const at::Tensor&, std::span<const float>, std::span<const Choice>);
inline constexpr Way both_ways[] = {
    choose_in_memory,
    [](const at::Tensor& logits, std::span<const float> scores, std::span<const Choice> choices) {
        return choose_on_device(logits, scores, choices);
    }
};

}  // namespace vignette
