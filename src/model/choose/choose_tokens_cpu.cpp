#include <ATen/ops/log_softmax.h>
#include <ATen/ops/topk.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "model/choose/sample.h"
#include "model/choose/shared.h"

namespace vignette {
namespace {

struct Largest {
    float value = minus_infinity;
    std::size_t index = 0;
};

// The first of the largest, as torch.argmax; a NaN is larger than everything.
Largest largest(std::span<const float> numbers) {
    Largest best;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        if (numbers[i] <= best.value) continue;  // false for NaN
        best = {.value = numbers[i], .index = i};
        if (std::isnan(numbers[i])) break;
    }
    return best;
}

void forbid(std::span<float> row, std::span<const TokenId> tokens) {
    for (const TokenId token : tokens) row[static_cast<std::size_t>(index_of(token))] = minus_infinity;
}

void penalise(std::span<float> row, std::span<const TokenId> tokens, float penalty) {
    for (const TokenId token : tokens) {
        float& score = row[static_cast<std::size_t>(index_of(token))];
        score = score < 0 ? score * penalty : score / penalty;
    }
}

void allow_only(std::span<float> row, std::span<const std::uint32_t> allowed) {
    if (allowed.empty()) return;
    for (std::size_t token = 0; token < row.size(); token += 32) {
        const std::size_t end = std::min(row.size(), token + 32);
        const std::uint32_t bits = token / 32 < allowed.size() ? allowed[token / 32] : 0;
        if (bits == ~std::uint32_t{0}) continue;
        for (std::size_t i = token; i < end; ++i) {
            if ((bits >> (i - token) & 1U) == 0) row[i] = minus_infinity;
        }
    }
}

void apply_rules(std::span<float> row, const Choice& choice, std::size_t number) {
    if (!choice.rules.empty()) {
        const RowRules& rules = choice.rules[number];
        if (choice.repetition_penalty != 1) penalise(row, rules.penalised, choice.repetition_penalty);
        forbid(row, rules.forbidden);
        allow_only(row, rules.allowed);
    }
    forbid(row, choice.forbidden);
}

TokenId draw_from(std::span<const float> row, const Sampling& sampling) {
    std::vector<Scored> scored;
    for (std::size_t i = 0; i < row.size(); ++i) {
        if (row[i] != minus_infinity)
            scored.push_back({.score = row[i], .token = token_at(static_cast<std::int64_t>(i))});
    }
    return draw_token(std::move(scored), sampling);
}

// `logits` is the [1, vocabulary] that `row` shows; it is scribbled into.
Result<Candidate> one_token(const at::Tensor& logits, std::span<float> row, const Choice& choice) {
    at::Tensor raw;
    if (choice.logprobs) raw = at::log_softmax(logits, -1);
    apply_rules(row, choice, 0);
    const Largest best = largest(row);
    if (!credible(best.value, choice, {})) return not_finite();
    if (best.value == minus_infinity) return nothing_allowed();
    Candidate made{.token = token_at(static_cast<std::int64_t>(best.index))};
    if (choice.sampling) made.token = draw_from(row, *choice.sampling);
    if (choice.logprobs) made.logprob = raw.const_data_ptr<float>()[index_of(made.token)];
    return made;
}

template <class T>
std::vector<T> numbers(const at::Tensor& tensor) {
    return {tensor.const_data_ptr<T>(), tensor.const_data_ptr<T>() + tensor.numel()};
}

// topk is torch's own, because among equal scores its order is what the reference has.
Result<std::vector<Candidate>> best_over_rows(
    const at::Tensor& logits, std::span<const float> scores, const Choice& choice
) {
    const at::Tensor likely = at::log_softmax(logits, -1);
    at::Tensor raw;
    if (choice.logprobs) raw = likely.clone();
    const std::int64_t vocabulary = logits.size(1);
    float* first = likely.mutable_data_ptr<float>();
    for (std::size_t number = 0; number < scores.size(); ++number) {
        const std::span<float> row(
            first + static_cast<std::int64_t>(number) * vocabulary, static_cast<std::size_t>(vocabulary)
        );
        apply_rules(row, choice, number);
        for (float& score : row) score += scores[number];
    }
    const auto [values, indices] = at::topk(likely.view(-1), wanted(choice, vocabulary));
    Found found{.scores = numbers<float>(values), .indices = numbers<std::int64_t>(indices), .logprobs = {}};
    if (choice.logprobs) {
        for (const std::int64_t index : found.indices)
            found.logprobs.push_back(raw.const_data_ptr<float>()[index]);
    }
    return to_candidates(found, choice, scores, vocabulary);
}

}  // namespace

Result<CandidateLists> choose_in_memory(
    const at::Tensor& logits, std::span<const float> scores, std::span<const Choice> choices
) {
    const std::int64_t vocabulary = logits.size(1);
    TRY(check_choices(choices, vocabulary));
    const at::Tensor rows = logits.contiguous();
    float* row = rows.mutable_data_ptr<float>();
    CandidateLists lists;
    lists.reserve(choices.size());
    std::int64_t first = 0;
    for (const Choice& choice : choices) {
        const at::Tensor group = rows.narrow(0, first, choice.rows);
        if (choice.candidates == 1) {
            const std::span<float> one(row + first * vocabulary, static_cast<std::size_t>(vocabulary));
            const Candidate chosen = TRY(one_token(group, one, choice));
            lists.push_back({chosen});
        } else {
            const std::span<const float> own =
                scores.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(choice.rows));
            lists.push_back(TRY(best_over_rows(group, own, choice)));
        }
        first += choice.rows;
    }
    return lists;
}

}  // namespace vignette
