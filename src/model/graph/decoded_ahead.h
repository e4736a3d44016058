// Rows of a step that the device was asked for before their tokens were here. They are what the next step
// asks for, as a rule, and then the device did not wait for us between the two. Private to the torch side of
// model/. One thread at a time.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "model/torch_lean.h"
#include "vignette/model.h"

namespace vignette {

// The rows that follow if nothing changes, their tokens left open. None: more may follow one of them than its
// most likely token, or it has come to the end of its slot.
std::vector<DecodeRow> rows_after(const StepPlan& plan, int positions);

class DecodedAhead {
public:
    // Rows without their tokens, which are those that are then chosen. Until they are known it knows nothing.
    void keep(std::vector<DecodeRow> rows, at::Tensor logits);
    void know(std::span<const std::vector<Candidate>> chosen);
    void forget() { rows_.clear(); }

    // The logits of these rows, in their order; none where one of them was not foreseen. Once only.
    std::optional<at::Tensor> take(std::span<const DecodeRow> rows);

private:
    std::vector<DecodeRow> rows_;
    bool tokens_known_ = false;
    at::Tensor logits_;  // of each row
};

}  // namespace vignette
