#include "engine/beam_search.h"

#include <algorithm>
#include <cmath>
#include <numeric>

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

BeamSearch::BeamSearch(const DecodingRules& rules)
    : rules_(rules),
      running_(1),  // before the first step there is one row: the prompt
      finished_(index(rules.num_beams), Hypothesis{.tokens = {}, .score = impossible, .complete = false}) {
    ASSERT(rules.num_beams > 1);
}

int BeamSearch::candidates() const {
    return std::max(2, 1 + static_cast<int>(rules_.end.size())) * rules_.num_beams;
}

bool BeamSearch::ends(TokenId token) const {
    return std::ranges::find(rules_.end, token) != rules_.end.end();
}

bool BeamSearch::all_complete() const { return std::ranges::all_of(finished_, &Hypothesis::complete); }

std::vector<NextRow> BeamSearch::advance(std::span<const Candidate> best) {
    ASSERT(best.size() >= index(rules_.num_beams));
    const bool at_limit = length_ + 1 >= rules_.max_length;
    const auto hits = std::make_unique<bool[]>(best.size());
    for (std::size_t i = 0; i < best.size(); ++i) hits[i] = at_limit || ends(best[i].token);
    const std::span<const bool> hit(hits.get(), best.size());

    merge_finished(best, hit);
    std::vector<NextRow> next = pick_running(best, hit);
    ++length_;

    const bool full = rules_.early_stopping && all_complete();
    const bool stuck = std::ranges::all_of(hit, [](bool one) { return one; });
    if (!improvement_possible() || full || stuck) return {};
    return next;
}

// Only candidates among the first num_beams may finish; the others are there so that enough beams go on.
void BeamSearch::merge_finished(std::span<const Candidate> best, std::span<const bool> hits) {
    std::vector<Hypothesis> pool = std::move(finished_);
    for (std::size_t i = 0; i < best.size(); ++i) {
        const bool finishes = hits[i] && i < index(rules_.num_beams);
        float score = length_normalised(best[i].score, length_ + 1, rules_.length_penalty);
        if (!finishes) score += impossible;
        std::vector<TokenId> tokens = running_[index(best[i].row)];
        tokens.push_back(best[i].token);
        pool.push_back({.tokens = std::move(tokens), .score = score, .complete = finishes});
    }
    std::vector<float> scores;
    scores.reserve(pool.size());
    for (const Hypothesis& one : pool) scores.push_back(one.score);
    finished_.clear();
    for (const int i : highest(scores, rules_.num_beams)) finished_.push_back(std::move(pool[index(i)]));
}

std::vector<NextRow> BeamSearch::pick_running(std::span<const Candidate> best, std::span<const bool> hits) {
    std::vector<float> scores;
    scores.reserve(best.size());
    for (std::size_t i = 0; i < best.size(); ++i) {
        scores.push_back(hits[i] ? best[i].score + impossible : best[i].score);
    }
    std::vector<NextRow> next;
    std::vector<std::vector<TokenId>> said;
    for (const int i : highest(scores, rules_.num_beams)) {
        const Candidate& chosen = best[index(i)];
        next.push_back({.parent = chosen.row, .token = chosen.token, .score = scores[index(i)]});
        said.push_back(running_[index(chosen.row)]);
        said.back().push_back(chosen.token);
    }
    running_ = std::move(said);
    best_running_ = next.front().score;
    return next;
}

// Could the best running beam still beat the worst finished one? The reference's estimate, flaws included.
bool BeamSearch::improvement_possible() const {
    const float hope = length_normalised(best_running_, length_, rules_.length_penalty);
    const float worst = std::ranges::min(finished_, {}, &Hypothesis::score).score;
    return std::ranges::any_of(finished_, [&](const Hypothesis& one) {
        return hope > (one.complete ? worst : impossible);
    });
}

}  // namespace vignette
