#include "engine/beam_search.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "vignette/invariant.h"

namespace vignette {
namespace {

constexpr float impossible = -1.0e9F;

std::size_t index(int value) { return static_cast<std::size_t>(value); }

// Indices of the `count` highest scores, highest first; equal scores keep their order.
std::vector<int> highest(const std::vector<float>& scores, int count) {
    std::vector<int> order(scores.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(order, [&](int a, int b) { return scores[index(a)] > scores[index(b)]; });
    order.resize(std::min(order.size(), index(count)));
    return order;
}

// The reference divides a float by a Python number: the power is a double, the division is not.
float length_normalised(float score, int length, double penalty) {
    return score / static_cast<float>(std::pow(static_cast<double>(length), penalty));
}

}  // namespace

BeamSearch::BeamSearch(const DecodingRules& rules, EndsHere ends_here)
    : num_beams_(rules.num_beams),
      returned_(rules.returned),
      length_penalty_(rules.length_penalty),
      early_stopping_(rules.early_stopping),
      keeps_logprobs_(rules.logprobs),
      candidates_(std::max(2, 1 + static_cast<int>(rules.end.size())) * rules.num_beams),
      ends_(rules, std::move(ends_here)),
      running_(1),  // before the first step there is one row: the prompt
      finished_(index(rules.num_beams), Hypothesis{.said = {}, .score = impossible, .ending = {}}) {
    ASSERT(num_beams_ > 1);
}

bool BeamSearch::all_complete() const {
    return std::ranges::all_of(finished_, [](const Hypothesis& one) { return one.ending.has_value(); });
}

const std::vector<NextRow>& BeamSearch::advance(std::span<const Candidate> best) {
    ASSERT(best.size() >= index(num_beams_));
    find_endings(best);
    merge_finished(best);
    pick_running(best);
    ++length_;

    const bool full = early_stopping_ && all_complete();
    const bool stuck = std::ranges::all_of(endings_, [](const auto& ending) { return ending.has_value(); });
    if (!improvement_possible() || full || stuck) next_.clear();
    return next_;
}

void BeamSearch::find_endings(std::span<const Candidate> best) {
    endings_.clear();
    for (const Candidate& one : best) {
        scratch_ = running_[index(one.row)].tokens;
        scratch_.push_back(one.token);
        endings_.push_back(ends_.after(scratch_));
    }
}

BeamSearch::Beam BeamSearch::extended(const Candidate& candidate) const {
    Beam beam = running_[index(candidate.row)];
    beam.tokens.push_back(candidate.token);
    if (keeps_logprobs_) beam.logprobs.push_back(candidate.logprob);
    return beam;
}

// Only candidates among the first num_beams may finish; the others are there so that enough beams go on.
void BeamSearch::merge_finished(std::span<const Candidate> best) {
    std::vector<float> scores;
    scores.reserve(finished_.size() + best.size());
    for (const Hypothesis& one : finished_) scores.push_back(one.score);
    const auto finishes = [&](std::size_t i) { return endings_[i] && i < index(num_beams_); };
    for (std::size_t i = 0; i < best.size(); ++i) {
        const float score = length_normalised(best[i].score, length_ + 1, length_penalty_);
        scores.push_back(finishes(i) ? score : score + impossible);
    }
    std::vector<Hypothesis> before = std::exchange(finished_, {});
    for (const int found : highest(scores, num_beams_)) {
        if (index(found) < before.size()) {
            finished_.push_back(std::move(before[index(found)]));
            continue;
        }
        const std::size_t i = index(found) - before.size();
        finished_.push_back(
            {.said = extended(best[i]),
             .score = scores[index(found)],
             .ending = finishes(i) ? endings_[i] : std::nullopt}
        );
    }
}

void BeamSearch::pick_running(std::span<const Candidate> best) {
    std::vector<float> scores;
    scores.reserve(best.size());
    for (std::size_t i = 0; i < best.size(); ++i) {
        scores.push_back(endings_[i] ? best[i].score + impossible : best[i].score);
    }
    next_.clear();
    std::vector<Beam> said;
    for (const int i : highest(scores, num_beams_)) {
        const Candidate& chosen = best[index(i)];
        next_.push_back({.parent = chosen.row, .token = chosen.token, .score = scores[index(i)]});
        said.push_back(extended(chosen));
    }
    running_ = std::move(said);
    best_running_ = next_.front().score;
}

std::vector<Decoded> BeamSearch::decoded() const {
    std::vector<Decoded> best;
    for (const Hypothesis& one : finished_) {
        const bool ended = one.ending && std::isfinite(one.score);
        const bool wanted = best.empty() || (ended && best.size() < index(returned_));
        if (!wanted) continue;
        best.push_back(
            {.tokens = one.said.tokens,
             .score = one.score,
             .ending = one.ending.value_or(Ending::length),
             .logprobs = one.said.logprobs}
        );
        cut_loop(best.back());
    }
    return best;
}

// Could the best running beam still beat the worst finished one? The reference's estimate, flaws included.
bool BeamSearch::improvement_possible() const {
    const float hope = length_normalised(best_running_, length_, length_penalty_);
    const float worst = std::ranges::min(finished_, {}, &Hypothesis::score).score;
    return std::ranges::any_of(finished_, [&](const Hypothesis& one) {
        return hope > (one.ending ? worst : impossible);
    });
}

}  // namespace vignette
