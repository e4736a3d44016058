#include "engine/sequence.h"

#include <algorithm>
#include <utility>

#include "vignette/invariant.h"

namespace vignette {
namespace {

std::variant<Greedy, BeamSearch> make_strategy(const DecodingRules& rules) {
    if (rules.num_beams > 1) return BeamSearch(rules);
    return Greedy(rules);
}

}  // namespace

Sequence::Sequence(const DecodingRules& rules, int prompt_length, SlotLease lease)
    : rules_(rules), strategy_(make_strategy(rules)), lease_(std::move(lease)), position_(prompt_length) {
    ASSERT(lease_.slots().size() == static_cast<std::size_t>(rules.num_beams));
    rows_.push_back({.slot = lease_.slots().front(), .token = {}, .score = 0});  // the prompt is one row
}

Choice Sequence::choice(int rows) const {
    const int length = std::visit([](const auto& strategy) { return strategy.length(); }, strategy_);
    const int candidates = std::visit([](const auto& strategy) { return strategy.candidates(); }, strategy_);
    Choice wanted{.rows = rows, .candidates = candidates, .forbidden = {}};
    if (length < rules_.min_length) wanted.forbidden = rules_.end;
    return wanted;
}

void Sequence::plan_admission(StepPlan& plan, const Pixels& pixels, std::span<const TokenId> prompt) const {
    plan.admissions.push_back({.slot = rows_.front().slot, .pixels = &pixels, .prompt = prompt});
    plan.choices.push_back(choice(1));
}

void Sequence::plan_decode(StepPlan& plan) const {
    plan.copies.insert(plan.copies.end(), copies_.begin(), copies_.end());
    for (const Row& row : rows_) {
        plan.decode.push_back(
            {.slot = row.slot, .token = row.token, .position = position_ - 1, .score = row.score}
        );
    }
    plan.choices.push_back(choice(static_cast<int>(rows_.size())));
}

void Sequence::take(std::span<const Candidate> best) {
    const std::vector<NextRow> next =
        std::visit([&](auto& strategy) { return strategy.advance(best); }, strategy_);
    place(next);
    ++position_;
}

// The first child of a beam stays in its parent's slot; only further children are copied, into the slots of
// beams that have no child. So no slot is read and written by the same plan, and a plan may be run again.
void Sequence::place(std::span<const NextRow> next) {
    const std::vector<Row> parents = std::exchange(rows_, {});
    copies_.clear();
    if (next.empty()) return;
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
            copies_.push_back({.from = slot, .to = spare.back(), .length = position_});
            slot = spare.back();
            spare.pop_back();
        }
        taken[parent] = true;
        rows_.push_back({.slot = slot, .token = child.token, .score = child.score});
    }
}

Decoded Sequence::decoded() const {
    return std::visit([](const auto& strategy) { return strategy.best(); }, strategy_);
}

}  // namespace vignette
