// The choice that a model makes for a group of rows, in plain C++: what include/vignette/model.h asks for, in
// that order. Pure. It aborts on a choice that no model could make.
#pragma once

#include <span>
#include <vector>

#include "vignette/model.h"

namespace vignette {

void check_choice(const Choice& wanted, int vocabulary);

// `running` has the score of each row.
std::vector<Candidate> scripted_choice(
    std::vector<std::vector<float>> logits, std::span<const float> running, const Choice& wanted
);

// As torch computes it: in floats, the sum aside.
std::vector<float> log_softmax(std::span<const float> logits);

}  // namespace vignette
