#include "model/choose.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/topk.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "vignette/invariant.h"

namespace vignette {
namespace {

constexpr float minus_infinity = -std::numeric_limits<float>::infinity();

std::unexpected<Error> not_finite() {
    return fail(
        ErrorCode::model_failed,
        "the model computed something that is not a number; send another picture or prompt, and if it stays, "
        "check the weights"
    );
}

TokenId token_at(std::int64_t index) { return TokenId{static_cast<std::int32_t>(index)}; }

std::int64_t index_of(TokenId token) { return static_cast<std::int64_t>(std::to_underlying(token)); }

Result<void> check_forbidden(std::span<const Choice> choices, std::int64_t vocabulary) {
    for (const Choice& choice : choices) {
        for (const TokenId token : choice.forbidden) {
            if (index_of(token) >= 0 && index_of(token) < vocabulary) continue;
            return fail(
                ErrorCode::internal, "token " + std::to_string(index_of(token)) +
                                         " is forbidden and the model does not know it; report this"
            );
        }
    }
    return {};
}

std::int64_t wanted(const Choice& choice, std::int64_t vocabulary) {
    return std::min<std::int64_t>(choice.candidates, choice.rows * vocabulary);
}

// The first of the largest, as torch.argmax. Empty as soon as it meets a NaN, or when nothing is finite.
std::optional<std::size_t> largest(std::span<const float> numbers) {
    float best = minus_infinity;
    std::size_t where = 0;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        if (numbers[i] <= best) continue;  // false for NaN
        if (std::isnan(numbers[i])) return std::nullopt;
        best = numbers[i];
        where = i;
    }
    if (!std::isfinite(best)) return std::nullopt;
    return where;
}

Result<std::vector<Candidate>> most_likely(std::span<float> logits, const Choice& choice) {
    for (const TokenId token : choice.forbidden) logits[static_cast<std::size_t>(token)] = minus_infinity;
    const std::optional<std::size_t> index = largest(logits);
    if (!index) return not_finite();
    return std::vector{Candidate{.row = 0, .token = token_at(static_cast<std::int64_t>(*index)), .score = 0}};
}

// `found` are indices into the group's rows, laid end to end.
Result<std::vector<Candidate>> to_candidates(
    std::span<const float> found_scores, std::span<const std::int64_t> found, std::int64_t vocabulary
) {
    std::vector<Candidate> best;
    best.reserve(found.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
        if (!std::isfinite(found_scores[i])) return not_finite();
        best.push_back(
            {.row = static_cast<int>(found[i] / vocabulary),
             .token = token_at(found[i] % vocabulary),
             .score = found_scores[i]}
        );
    }
    return best;
}

template <class T>
std::span<const T> numbers(const at::Tensor& tensor) {
    return {tensor.const_data_ptr<T>(), static_cast<std::size_t>(tensor.numel())};
}

// topk is torch's own, because among equal scores its order is what the reference has.
Result<std::vector<Candidate>> best_over_rows(
    const at::Tensor& logits, std::span<const float> scores, const Choice& choice
) {
    const at::Tensor likely = at::log_softmax(logits, -1);
    const std::int64_t vocabulary = logits.size(1);
    float* row = likely.mutable_data_ptr<float>();
    for (const float score : scores) {
        for (const TokenId token : choice.forbidden) row[index_of(token)] = minus_infinity;
        for (std::int64_t i = 0; i < vocabulary; ++i) row[i] += score;
        row += vocabulary;
    }
    const auto [values, indices] = at::topk(likely.view(-1), wanted(choice, vocabulary));
    return to_candidates(numbers<float>(values), numbers<std::int64_t>(indices), vocabulary);
}

// argmax, unlike topk, promises the first among equals.
std::pair<at::Tensor, at::Tensor> best_of(const at::Tensor& flat, std::int64_t count) {
    if (count == 1) {
        const at::Tensor index = flat.argmax().view(1);
        return {flat.index_select(0, index), index};
    }
    auto [values, indices] = at::topk(flat, count);
    return {std::move(values), std::move(indices)};
}

}  // namespace

Result<CandidateLists> choose_in_memory(
    const at::Tensor& logits, std::span<const float> scores, std::span<const Choice> choices
) {
    const std::int64_t vocabulary = logits.size(1);
    TRY(check_forbidden(choices, vocabulary));
    const at::Tensor rows = logits.contiguous();
    float* row = rows.mutable_data_ptr<float>();
    CandidateLists lists;
    lists.reserve(choices.size());
    std::int64_t first = 0;
    for (const Choice& choice : choices) {
        if (choice.candidates == 1) {
            ASSERT(choice.rows == 1);
            const std::span<float> one(row + first * vocabulary, static_cast<std::size_t>(vocabulary));
            lists.push_back(TRY(most_likely(one, choice)));
        } else {
            const std::span<const float> group =
                scores.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(choice.rows));
            lists.push_back(TRY(best_over_rows(rows.narrow(0, first, choice.rows), group, choice)));
        }
        first += choice.rows;
    }
    return lists;
}

// Everything is queued on the device; the one wait is for the copy of all that was found. Numbers travel as
// doubles, which hold a float as well as an index, so that one copy is enough.
Result<CandidateLists> choose_on_device(
    const at::Tensor& logits, std::span<const float> scores, std::span<const Choice> choices
) {
    const std::int64_t vocabulary = logits.size(1);
    TRY(check_forbidden(choices, vocabulary));
    auto* running = const_cast<float*>(scores.data());  // from_blob has no form for what is only read
    const at::Tensor added =
        at::from_blob(running, {static_cast<std::int64_t>(scores.size()), 1}, at::kFloat).to(logits.device());
    std::vector<at::Tensor> found;
    std::int64_t first = 0;
    for (const Choice& choice : choices) {
        at::Tensor group = logits.narrow(0, first, choice.rows);
        if (choice.candidates > 1) group = at::log_softmax(group, -1);
        for (const TokenId token : choice.forbidden) group.select(1, index_of(token)).fill_(minus_infinity);
        if (choice.candidates > 1) group = group.add(added.narrow(0, first, choice.rows));
        const auto [values, indices] = best_of(group.reshape(-1), wanted(choice, vocabulary));
        found.push_back(values.to(at::kDouble));
        found.push_back(indices.to(at::kDouble));
        first += choice.rows;
    }
    const at::Tensor all = at::cat(found).cpu();
    const double* next = all.const_data_ptr<double>();
    CandidateLists lists;
    lists.reserve(choices.size());
    for (const Choice& choice : choices) {
        const auto count = static_cast<std::size_t>(wanted(choice, vocabulary));
        const std::vector<float> values(next, next + count);
        const std::vector<std::int64_t> indices(next + count, next + 2 * count);
        next += 2 * count;
        lists.push_back(TRY(to_candidates(values, indices, vocabulary)));
        if (choice.candidates == 1) lists.back().front().score = 0;
    }
    return lists;
}

Result<CandidateLists> choose(
    const at::Tensor& logits, std::span<const float> scores, std::span<const Choice> choices
) {
    return logits.is_cpu() ? choose_in_memory(logits, scores, choices)
                           : choose_on_device(logits, scores, choices);
}

}  // namespace vignette
