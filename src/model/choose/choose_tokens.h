// From logits to the candidates a plan asks for. Private to the torch side of model/. Pure functions, except
// that they overwrite the logits they are given.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "model/torch_lean.h"
#include "vignette/error.h"
#include "vignette/model.h"

namespace vignette {

using CandidateLists = std::vector<std::vector<Candidate>>;

// What is asked of the device between its choice and the wait for it: it gets the most likely token of each
// row, [rows], which only the device knows yet.
using Meanwhile = std::function<void(const at::Tensor& tokens)>;

// `logits` is [rows, vocabulary] float32, `scores` has one running score for each row, and the choices' rows
// follow each other. A candidate that is not a finite number means that the model went wrong: model_failed.
Result<CandidateLists> choose(
    const at::Tensor& logits, std::span<const float> scores, std::span<const Choice> choices,
    const Meanwhile& meanwhile = {}
);

// The two ways to do it. Both work on the CPU, which lets a test compare them.
Result<CandidateLists> choose_in_memory(
    const at::Tensor& logits, std::span<const float> scores, std::span<const Choice> choices
);
Result<CandidateLists> choose_on_device(
    const at::Tensor& logits, std::span<const float> scores, std::span<const Choice> choices,
    const Meanwhile& meanwhile = {}
);

}  // namespace vignette
