// One running sequence: which rows it has in each step, and what it has said so far.
// The engine's thread only. Its slots go home when it dies.
#pragma once

#include <span>
#include <variant>
#include <vector>

#include "engine/beam_search.h"
#include "engine/greedy.h"
#include "engine/rules.h"
#include "engine/slots.h"
#include "vignette/model.h"

namespace vignette {

class Sequence {
public:
    Sequence(const DecodingRules& rules, int prompt_length, SlotLease lease);

    // Adds this sequence's part to the plan of the next step: its admission first, its beams after that.
    void plan_admission(StepPlan& plan, const Pixels& pixels, std::span<const TokenId> prompt) const;
    void plan_decode(StepPlan& plan) const;

    // What the model chose in the step that was planned.
    void take(std::span<const Candidate> best);

    bool finished() const { return rows_.empty(); }
    Decoded decoded() const;

private:
    struct Row {
        SlotId slot{};
        TokenId token{};
        float score = 0;
    };

    Choice choice(int rows) const;
    void place(std::span<const NextRow> next);

    DecodingRules rules_;
    std::variant<Greedy, BeamSearch> strategy_;
    SlotLease lease_;
    int position_;                  // one past where the next token is written
    std::vector<Row> rows_;         // of the next step
    std::vector<SlotCopy> copies_;  // before it
};

}  // namespace vignette
