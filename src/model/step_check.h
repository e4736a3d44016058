// What a step's plan promises, checked before anything is computed. Pure functions.
#pragma once

#include <cstdint>
#include <span>

#include "vignette/error.h"
#include "vignette/model.h"

namespace vignette {

// The engine's promises, made from this model's shape: a broken one ends the process.
void check_plan(const StepPlan& plan, const ModelShape& shape);

// Words of a stranger become tokens of the prompt. On a GPU a token the program does not expect would end the
// process, and with it everybody's captions. `pictures`: how many of the placeholders its pictures have.
Result<void> check_prompt(
    const Admission& one, std::span<const TokenId> placeholders, std::int64_t pictures,
    const ModelShape& shape
);

}  // namespace vignette
