#include "model/choose/sample.h"

#include <algorithm>
#include <cmath>
#include <span>
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

constexpr double too_close = 1e-5;  // far more than all rounding of shares and their sums

// How many of the first reach `goal`, and their sum; nothing where that is not certain.
struct Reached {
    std::size_t count = 0;
    double sum = 0;
};
std::optional<Reached> reach(std::span<const double> shares, double goal) {
    Reached reached;
    for (const double share : shares) {
        reached.sum += share;
        ++reached.count;
        if (std::abs(reached.sum - goal) < too_close) return std::nullopt;
        if (reached.sum > goal) return reached;
    }
    return std::nullopt;
}

// How many are at least min_p times as likely as the first. `all`: there are no others.
std::optional<Reached> likely_enough(std::span<const double> shares, double min_p, bool all) {
    const double least = min_p * shares.front();
    Reached reached;
    for (const double share : shares) {
        if (std::abs(share - least) < too_close * least) return std::nullopt;
        if (share < least) return reached;
        reached.sum += share;
        ++reached.count;
    }
    if (!all) return std::nullopt;
    return reached;
}

}  // namespace

std::optional<TokenId> draw_from_head(std::vector<Scored> head, double mass, const Sampling& sampling) {
    ASSERT(!head.empty() && sampling.temperature > 0 && sampling.top_k <= 0);
    std::ranges::sort(head, likelier);
    const float edge = head.back().score;  // others like it may be missing
    std::erase_if(head, [&](const Scored& one) { return one.score == edge; });
    if (head.empty()) return std::nullopt;
    const auto temperature = static_cast<float>(sampling.temperature);
    const float most = head.front().score / temperature;
    if (!std::isfinite(most)) return head.front().token;
    std::vector<double> shares;
    shares.reserve(head.size());
    for (const Scored& one : head)
        shares.push_back(std::exp(double{one.score / temperature} - double{most}) / mass);
    double kept = 1;
    const auto keep = [&](const std::optional<Reached>& reached) {
        if (!reached) return false;
        shares.resize(reached->count);
        kept = reached->sum;
        return true;
    };
    if (sampling.top_p < 1 && !keep(reach(shares, sampling.top_p))) return std::nullopt;
    if (sampling.min_p > 0 && !keep(likely_enough(shares, sampling.min_p, sampling.top_p < 1)))
        return std::nullopt;
    const std::optional<Reached> drawn = reach(shares, sampling.draw * kept);
    if (!drawn) return std::nullopt;
    return head[drawn->count - 1].token;
}

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
