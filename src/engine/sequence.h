// One running sequence: which rows it has in each step, and what it has said so far.
// The engine's thread only. Its slots go home when it dies.
#pragma once

#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "engine/beam_search.h"
#include "engine/generation.h"
#include "engine/rules.h"
#include "engine/single_sequence.h"
#include "engine/slots.h"
#include "engine/token_constraints.h"
#include "vignette/model.h"

namespace vignette {

class Sequence {
public:
    // The request's pictures, prompt and filter must outlive its first step, its filter all of them.
    Sequence(const GenerationRequest& request, SlotLease lease, int vocabulary);

    // Before the first plan. An error of the filter ends this sequence, here as in advance().
    Result<void> begin() { return constraints_.begin(); }

    // Adds this sequence's part to the plan of the next step: its admission first, its beams after that. As
    // long as nothing was taken, it is the same part.
    // `read` tokens of the prompt were read by earlier parts.
    void plan_part(StepPlan& plan, int read, int count) const;
    void plan_admission(StepPlan& plan, int read = 0) const;
    void plan_decode(StepPlan& plan) const;

    // What the model chose in the step that was planned. After an error it is finished.
    Result<void> advance(std::span<const Candidate> best);

    bool finished() const { return rows_.empty(); }
    std::vector<Decoded> decoded() const;  // best first

    // The tokens that are part of the answer whatever comes; none of beams, which may change their mind.
    std::span<const TokenId> settled() const;

private:
    struct Row {
        SlotId slot{};
        TokenId token{};
        float score = 0;
    };

    Choice choice(int rows) const;
    Admission admission(int read) const;
    void place(std::span<const NextRow> next);
    void place_beams(std::span<const NextRow> next);

    std::vector<const ModelInput*> pictures_;
    std::span<const TokenId> prompt_;
    bool may_recur_;
    std::optional<SamplingRules> sampling_;
    bool wants_logprobs_;
    int prompt_length_;
    std::variant<SingleSequence, BeamSearch> strategy_;
    TokenConstraints constraints_;
    SlotLease lease_;
    int position_;                     // one past where the next token is written
    std::vector<Row> rows_;            // of the next step
    std::vector<SlotCopy> copies_;     // before it
    std::vector<SlotId> hold_prompt_;  // these slots do, and keep it
};

}  // namespace vignette
