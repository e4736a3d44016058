// What transformers' logits processors and stopping criteria do to one row, with its whole history, again in
// each step; and with nothing of src/engine in it but its values.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <optional>
#include <span>
#include <vector>

#include "engine/rules.h"

namespace vignette {

// Scores of all tokens after what was said so far (the prompt not included): log-probabilities for beams.
using NextScores = std::function<std::vector<float>(std::span<const TokenId> said)>;

struct ReferenceRequest {
    DecodingRules rules{};
    NextScores next{};
    std::vector<TokenId> prompt{};
    EndsHere ends_here{};
    std::function<std::vector<bool>(std::span<const TokenId> said)> allowed{};  // none: no filter
    std::function<double(std::size_t place)> draw{};                            // of sampling
};

inline bool reference_ends(const DecodingRules& rules, TokenId token) {
    return std::find(rules.end.begin(), rules.end.end(), token) != rules.end.end();
}

inline std::vector<TokenId> reference_input_ids(
    const ReferenceRequest& asked, std::span<const TokenId> said
) {
    const std::size_t from = std::min(asked.rules.history_from, asked.prompt.size());
    std::vector<TokenId> ids(asked.prompt.begin() + static_cast<long>(from), asked.prompt.end());
    ids.insert(ids.end(), said.begin(), said.end());
    return ids;
}

// RepetitionPenaltyLogitsProcessor
inline void reference_penalise(
    std::vector<float>& scores, const DecodingRules& rules, const std::vector<TokenId>& ids
) {
    const std::vector<float> before = scores;
    const auto penalty = static_cast<float>(rules.repetition_penalty);
    for (const TokenId id : ids) {
        const auto i = static_cast<std::size_t>(id);
        scores[i] = before[i] < 0 ? before[i] * penalty : before[i] / penalty;
    }
}

inline bool reference_ends_with(std::span<const TokenId> ids, std::span<const TokenId> end) {
    return ids.size() >= end.size() && std::ranges::equal(ids.last(end.size()), end);
}

// NoRepeatNGram-, NoBadWords- and MinNewTokensLengthLogitsProcessor
inline std::vector<TokenId> reference_forbidden(
    const ReferenceRequest& asked, std::span<const TokenId> said
) {
    const std::vector<TokenId> ids = reference_input_ids(asked, said);
    const std::span<const TokenId> all(ids);
    std::vector<TokenId> forbidden;
    const auto n = static_cast<std::size_t>(asked.rules.no_repeat_ngram);
    for (std::size_t start = 0; n > 0 && start + n <= ids.size(); ++start) {
        if (reference_ends_with(all, all.subspan(start, n - 1))) forbidden.push_back(ids[start + n - 1]);
    }
    for (const std::vector<TokenId>& word : asked.rules.forbidden) {
        if (word.empty()) continue;
        if (word.size() == 1 && reference_ends(asked.rules, word.front())) continue;
        if (word.size() > 1 && word.size() > ids.size()) continue;
        if (reference_ends_with(all, std::span(word).first(word.size() - 1)))
            forbidden.push_back(word.back());
    }
    if (static_cast<int>(said.size()) < asked.rules.min_length)
        forbidden.insert(forbidden.end(), asked.rules.end.begin(), asked.rules.end.end());
    return forbidden;
}

inline std::vector<float> reference_processed(const ReferenceRequest& asked, std::span<const TokenId> said) {
    std::vector<float> scores = asked.next(said);
    reference_penalise(scores, asked.rules, reference_input_ids(asked, said));
    if (asked.allowed) {
        const std::vector<bool> allowed = asked.allowed(said);
        for (std::size_t i = 0; i < scores.size(); ++i) {
            if (!allowed[i]) scores[i] = -INFINITY;
        }
    }
    std::vector<float> without = scores;
    for (const TokenId token : reference_forbidden(asked, said))
        without[static_cast<std::size_t>(token)] = -INFINITY;
    const bool dead_end = std::ranges::all_of(without, [](float one) { return one == -INFINITY; });
    return dead_end ? scores : without;  // ours: a filter wins
}

// Ours: how many tokens at the end repeat a block, if that is a loop. Written from its end.
inline std::size_t reference_loop(std::span<const TokenId> said) {
    for (std::size_t block = 1; block <= 32; ++block) {
        const std::size_t least = std::max<std::size_t>(4 * block, 16);
        if (said.size() < least) continue;
        const std::span<const TokenId> tail = said.last(least);
        bool same = true;
        for (std::size_t i = block; i < least; ++i) same = same && tail[i] == tail[i % block];
        if (same) return least - block;
    }
    return 0;
}

// StoppingCriteriaList
inline std::optional<Ending> reference_ending(const ReferenceRequest& asked, std::span<const TokenId> said) {
    if (reference_ends(asked.rules, said.back())) return Ending::end_token;
    if (asked.ends_here && asked.ends_here(said)) return Ending::ends_here;
    if (asked.rules.guards_loops && reference_loop(said) > 0) return Ending::loop;
    if (static_cast<int>(said.size()) >= asked.rules.max_length) return Ending::length;
    return std::nullopt;
}

inline void reference_cut(Decoded& made) {
    if (made.ending != Ending::loop) return;
    const std::size_t kept = made.tokens.size() - reference_loop(made.tokens);
    made.tokens.resize(kept);
    if (!made.logprobs.empty()) made.logprobs.resize(kept);
}

inline std::vector<double> reference_softmax(const std::vector<double>& scores) {
    const double most = *std::ranges::max_element(scores);
    std::vector<double> result;
    for (const double one : scores) result.push_back(std::exp(one - most));
    const double sum = std::accumulate(result.begin(), result.end(), 0.0);
    for (double& one : result) one /= sum;
    return result;
}

// Temperature-, TopK-, TopP- and MinPLogitsWarper, then the softmax of what is left.
inline std::vector<double> reference_probabilities(
    const std::vector<float>& scores, const SamplingRules& rules
) {
    std::vector<double> warped;
    for (const float one : scores) warped.push_back(static_cast<double>(one) / rules.temperature);
    if (rules.top_k > 0) {
        std::vector<double> sorted = warped;
        std::ranges::sort(sorted, std::ranges::greater());
        const double least = sorted[std::min(sorted.size(), static_cast<std::size_t>(rules.top_k)) - 1];
        for (double& one : warped) one = one < least ? -INFINITY : one;
    }
    std::vector<std::size_t> ascending(warped.size());
    std::iota(ascending.begin(), ascending.end(), 0U);
    std::ranges::sort(ascending, {}, [&](std::size_t i) { return warped[i]; });
    const std::vector<double> before = reference_softmax(warped);
    double cumulative = 0;
    for (std::size_t i = 0; i + 1 < ascending.size(); ++i) {
        cumulative += before[ascending[i]];
        if (cumulative <= 1 - rules.top_p) warped[ascending[i]] = -INFINITY;
    }
    const std::vector<double> after = reference_softmax(warped);
    const double most = *std::ranges::max_element(after);
    for (std::size_t i = 0; i < after.size(); ++i) {
        if (after[i] < rules.min_p * most) warped[i] = -INFINITY;
    }
    return reference_softmax(warped);
}

// The most likely first, until their sum exceeds the draw.
inline std::size_t reference_sample(
    const std::vector<float>& scores, const SamplingRules& rules, double draw
) {
    const std::vector<double> probabilities = reference_probabilities(scores, rules);
    std::vector<std::size_t> order(scores.size());
    std::iota(order.begin(), order.end(), 0U);
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) {
        return probabilities[a] > probabilities[b];
    });
    double sum = 0;
    for (const std::size_t i : order) {
        sum += probabilities[i];
        if (sum > draw) return i;
    }
    return order.front();
}

}  // namespace vignette
