#include "fakes/scripted_choice.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "vignette/invariant.h"

namespace vignette {
namespace {

constexpr float never = -std::numeric_limits<float>::infinity();

std::size_t index(int value) { return static_cast<std::size_t>(value); }
std::size_t index(TokenId token) { return static_cast<std::size_t>(token); }

void check_tokens(std::span<const TokenId> tokens, int vocabulary) {
    for (const TokenId token : tokens) ASSERT(TokenId{0} <= token && token < TokenId{vocabulary});
}

void check_sampling(const Choice& wanted) {
    ASSERT(wanted.rows == 1 && wanted.candidates == 1);
    ASSERT(wanted.sampling->temperature > 0 && wanted.sampling->top_k >= 0);
    ASSERT(0 <= wanted.sampling->draw && wanted.sampling->draw < 1);
}

void apply_rules(std::vector<float>& scores, const Choice& wanted, const RowRules& row) {
    for (const TokenId token : row.penalised) {
        float& score = scores[index(token)];
        score = score < 0 ? score * wanted.repetition_penalty : score / wanted.repetition_penalty;
    }
    for (const TokenId token : wanted.forbidden) scores[index(token)] = never;
    for (const TokenId token : row.forbidden) scores[index(token)] = never;
    for (std::size_t i = 0; i < scores.size() && !row.allowed.empty(); ++i) {
        if ((row.allowed[i / 32] >> (i % 32) & 1U) == 0) scores[i] = never;
    }
}

std::vector<std::size_t> by_likelihood(const std::vector<float>& scores) {
    std::vector<std::size_t> order(scores.size());
    std::iota(order.begin(), order.end(), 0U);
    std::ranges::stable_sort(order, [&](auto a, auto b) { return scores[a] > scores[b]; });
    return order;
}

// How many of the most likely ones are left: `weights` are sorted.
std::size_t left_of(const std::vector<double>& weights, const Sampling& sampling) {
    std::size_t left = weights.size();
    if (sampling.top_k > 0) left = std::min(left, index(sampling.top_k));
    const double all = std::accumulate(weights.begin(), weights.begin() + static_cast<long>(left), 0.0);
    double sum = 0;
    for (std::size_t i = 0; i < left; ++i) {
        if (i > 0 && sum >= sampling.top_p * all) left = i;
        sum += weights[i];
    }
    while (left > 1 && weights[left - 1] < sampling.min_p * weights[0]) --left;
    return left;
}

std::size_t drawn(const std::vector<float>& scores, const Sampling& sampling) {
    const std::vector<std::size_t> order = by_likelihood(scores);
    std::vector<double> weights;
    for (const std::size_t i : order) {
        weights.push_back(std::exp(static_cast<double>(scores[i] - scores[order[0]]) / sampling.temperature));
    }
    weights.resize(left_of(weights, sampling));
    double rest = sampling.draw * std::accumulate(weights.begin(), weights.end(), 0.0);
    for (std::size_t i = 0; i < weights.size(); ++i) {
        if (rest < weights[i]) return order[i];
        rest -= weights[i];
    }
    return order[weights.size() - 1];  // rounding
}

}  // namespace

std::vector<float> log_softmax(std::span<const float> logits) {
    const float most = *std::ranges::max_element(logits);
    double sum = 0;
    for (const float one : logits) sum += std::exp(static_cast<double>(one - most));
    const auto log_sum = static_cast<float>(std::log(sum));
    std::vector<float> result;
    result.reserve(logits.size());
    for (const float one : logits) result.push_back(one - most - log_sum);
    return result;
}

void check_choice(const Choice& wanted, int vocabulary) {
    ASSERT(wanted.rows > 0 && wanted.candidates > 0);
    ASSERT(wanted.rows == 1 || wanted.candidates > 1);
    ASSERT(wanted.repetition_penalty > 0);
    ASSERT(wanted.rules.empty() || wanted.rules.size() == index(wanted.rows));
    check_tokens(wanted.forbidden, vocabulary);
    for (const RowRules& row : wanted.rules) {
        check_tokens(row.forbidden, vocabulary);
        check_tokens(row.penalised, vocabulary);
        ASSERT(std::set(row.penalised.begin(), row.penalised.end()).size() == row.penalised.size());
        ASSERT(row.allowed.empty() || row.allowed.size() == (index(vocabulary) + 31) / 32);
    }
    if (wanted.sampling) check_sampling(wanted);
}

std::vector<Candidate> scripted_choice(
    std::vector<std::vector<float>> logits, std::span<const float> running, const Choice& wanted
) {
    const bool beams = wanted.candidates > 1;
    std::vector<Candidate> all;
    for (std::size_t row = 0; row < logits.size(); ++row) {
        std::vector<float>& scores = logits[row];
        std::vector<float> raw;
        if (beams || wanted.logprobs) raw = log_softmax(scores);
        if (beams) scores = raw;
        apply_rules(scores, wanted, wanted.rules.empty() ? RowRules{} : wanted.rules[row]);
        for (std::size_t i = 0; i < scores.size(); ++i) {
            all.push_back(
                {.row = static_cast<int>(row),
                 .token = TokenId{static_cast<int>(i)},
                 .score = beams ? scores[i] + running[row] : scores[i],
                 .logprob = wanted.logprobs ? raw[i] : 0}
            );
        }
    }
    if (wanted.sampling) {
        all = {all[drawn(logits.front(), *wanted.sampling)]};
    } else {
        std::ranges::stable_sort(all, std::ranges::greater(), &Candidate::score);
        all.resize(std::min(all.size(), index(wanted.candidates)));
    }
    if (!beams) all.front().score = 0;
    return all;
}

}  // namespace vignette
