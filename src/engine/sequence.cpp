#include "engine/sequence.h"

#include <algorithm>
#include <utility>

#include "engine/seeded_random.h"
#include "vignette/invariant.h"

namespace vignette {
namespace {

std::vector<const ModelInput*> views(const std::vector<std::shared_ptr<const ModelInput>>& pictures) {
    std::vector<const ModelInput*> result;
    result.reserve(pictures.size());
    for (const auto& one : pictures) result.push_back(one.get());
    return result;
}

std::variant<SingleSequence, BeamSearch> make_strategy(const GenerationRequest& request) {
    if (request.rules.num_beams > 1) return BeamSearch(request.rules, request.ends_here);
    return SingleSequence(request.rules, request.ends_here);
}

}  // namespace

Sequence::Sequence(const GenerationRequest& request, SlotLease lease, int vocabulary)
    : pictures_(views(request.pictures)),
      prompt_(request.prompt),
      may_recur_(request.may_recur),
      sampling_(request.rules.sampling),
      wants_logprobs_(request.rules.logprobs),
      prompt_length_(static_cast<int>(request.prompt.size())),
      strategy_(make_strategy(request)),
      constraints_(request.rules, request.prompt, request.filter.get(), vocabulary),
      lease_(std::move(lease)),
      position_(prompt_length_) {
    ASSERT(lease_.slots().size() == static_cast<std::size_t>(request.rules.num_beams));
    rows_.push_back({.slot = lease_.slots().front(), .token = {}, .score = 0});  // the prompt is one row
    hold_prompt_.push_back(rows_.front().slot);
}

Choice Sequence::choice(int rows) const {
    const int candidates = std::visit([](const auto& strategy) { return strategy.candidates(); }, strategy_);
    Choice wanted{.rows = rows, .candidates = candidates, .logprobs = wants_logprobs_};
    constraints_.describe(wanted);
    if (sampling_) {
        wanted.sampling = Sampling{
            .temperature = sampling_->temperature,
            .top_k = sampling_->top_k,
            .top_p = sampling_->top_p,
            .min_p = sampling_->min_p,
            .draw = draw(sampling_->seed, static_cast<std::uint64_t>(position_ - prompt_length_)),
        };
    }
    return wanted;
}

Admission Sequence::admission(int read) const {
    return {
        .slot = rows_.front().slot,
        .pictures = pictures_,
        .prompt = prompt_,
        .may_recur = may_recur_,
        .first = read
    };
}

void Sequence::plan_part(StepPlan& plan, int read, int count) const {
    plan.parts.push_back({.whole = admission(read), .count = count});
}

void Sequence::plan_admission(StepPlan& plan, int read) const {
    plan.admissions.push_back(admission(read));
    plan.choices.push_back(choice(1));
}

void Sequence::plan_decode(StepPlan& plan) const {
    plan.copies.insert(plan.copies.end(), copies_.begin(), copies_.end());
    for (const Row& row : rows_) {
        plan.decode.push_back(
            {.slot = row.slot,
             .token = row.token,
             .position = position_ - 1,
             .prompt = prompt_length_,
             .score = row.score}
        );
    }
    plan.choices.push_back(choice(static_cast<int>(rows_.size())));
}

Result<void> Sequence::advance(std::span<const Candidate> best) {
    const std::vector<NextRow>& next = std::visit(
        [&](auto& strategy) -> const std::vector<NextRow>& { return strategy.advance(best); }, strategy_
    );
    const Result<void> followed = constraints_.follow(best.front().token, next);
    place(followed ? std::span(next) : std::span<const NextRow>{});
    ++position_;
    return followed;
}

void Sequence::place(std::span<const NextRow> next) {
    copies_.clear();
    if (next.empty()) {
        rows_.clear();
    } else if (next.size() == 1 && rows_.size() == 1) {
        rows_.front().token = next.front().token;
    } else {
        place_beams(next);
    }
}

// The first child of a beam stays in its parent's slot; only further children are copied, into the slots of
// beams that have no child. So no slot is read and written by the same plan, and a plan may be run again.
void Sequence::place_beams(std::span<const NextRow> next) {
    const std::vector<Row> parents = std::exchange(rows_, {});
    std::vector<SlotId> spare;
    for (const SlotId slot : lease_.slots()) {
        const bool has_child = std::ranges::any_of(next, [&](const NextRow& child) {
            return parents[static_cast<std::size_t>(child.parent)].slot == slot;
        });
        if (!has_child) spare.push_back(slot);
    }
    std::vector<bool> taken(parents.size(), false);
    for (const NextRow& child : next) {
        const auto parent = static_cast<std::size_t>(child.parent);
        SlotId slot = parents[parent].slot;
        if (taken[parent]) {
            ASSERT(!spare.empty());
            slot = spare.back();
            spare.pop_back();
            const bool has_prompt = std::ranges::find(hold_prompt_, slot) != hold_prompt_.end();
            if (!has_prompt) hold_prompt_.push_back(slot);
            copies_.push_back(
                {.from = parents[parent].slot,
                 .to = slot,
                 .length = position_,
                 .same = has_prompt ? prompt_length_ : 0}
            );
        }
        taken[parent] = true;
        rows_.push_back({.slot = slot, .token = child.token, .score = child.score});
    }
}

std::vector<Decoded> Sequence::decoded() const {
    return std::visit([](const auto& strategy) { return strategy.decoded(); }, strategy_);
}

std::span<const TokenId> Sequence::settled() const {
    const auto* single = std::get_if<SingleSequence>(&strategy_);
    return single != nullptr ? single->settled() : std::span<const TokenId>{};
}

}  // namespace vignette
