#include "model/choose/sample.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "vignette/invariant.h"

namespace vignette {
namespace {

bool likelier(const Scored& one, const Scored& other) {
    if (one.score != other.score) return one.score > other.score;
    return std::to_underlying(one.token) < std::to_underlying(other.token);
}

void keep_most_likely(std::vector<Scored>& scored, int top_k) {
    const auto count = static_cast<std::size_t>(top_k);
    if (top_k <= 0 || count >= scored.size()) return;
    const auto last = scored.begin() + static_cast<std::ptrdiff_t>(count) - 1;
    std::ranges::nth_element(scored, last, likelier);
    const float threshold = last->score;
    std::erase_if(scored, [&](const Scored& one) { return one.score < threshold; });
}

// Of sorted scores; floats, because that is where the reference rounds.
std::vector<float> probabilities(const std::vector<Scored>& scored) {
    std::vector<double> powers;
    powers.reserve(scored.size());
    double sum = 0;
    for (const Scored& one : scored) {
        powers.push_back(std::exp(double{one.score} - double{scored.front().score}));
        sum += powers.back();
    }
    std::vector<float> made;
    made.reserve(scored.size());
    for (const double power : powers) made.push_back(static_cast<float>(power / sum));
    return made;
}

// From the unlikely end: tokens within the share that top_p leaves over are dropped, but never the first.
void keep_top_p(std::vector<Scored>& scored, double top_p) {
    if (top_p >= 1) return;
    const std::vector<float> likely = probabilities(scored);
    const auto left_over = static_cast<float>(1.0 - top_p);
    double sum = 0;
    while (scored.size() > 1) {
        sum += double{likely[scored.size() - 1]};
        if (static_cast<float>(sum) > left_over) return;
        scored.pop_back();
    }
}

void keep_min_p(std::vector<Scored>& scored, double min_p) {
    if (min_p <= 0) return;
    const std::vector<float> likely = probabilities(scored);
    const float least = static_cast<float>(min_p) * likely.front();
    while (scored.size() > 1 && likely[scored.size() - 1] < least) scored.pop_back();
}

}  // namespace

TokenId draw_token(std::vector<Scored> scored, const Sampling& sampling) {
    ASSERT(!scored.empty() && sampling.temperature > 0);
    const TokenId first = std::ranges::min(scored, likelier).token;
    const auto temperature = static_cast<float>(sampling.temperature);
    for (Scored& one : scored) one.score /= temperature;
    if (!std::ranges::all_of(scored, [](const Scored& one) { return std::isfinite(one.score); }))
        return first;
    keep_most_likely(scored, sampling.top_k);
    std::ranges::sort(scored, likelier);
    keep_top_p(scored, sampling.top_p);
    keep_min_p(scored, sampling.min_p);
    const std::vector<float> likely = probabilities(scored);
    double sum = 0;
    for (const float one : likely) sum += double{one};
    const double goal = sampling.draw * sum;
    double reached = 0;
    for (std::size_t i = 0; i < scored.size(); ++i) {
        reached += double{likely[i]};
        if (reached > goal) return scored[i].token;
    }
    return scored.back().token;
}

}  // namespace vignette
