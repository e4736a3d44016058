#include <ATen/ops/cat.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/topk.h>
#include <ATen/ops/where.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "model/choose/sample.h"
#include "model/choose/shared.h"

namespace vignette {
namespace {

// What is fetched of a choice. Numbers travel as doubles, which hold a float as well as an index.
struct Fetch {
    at::Tensor group;        // [rows, vocabulary], all rules applied
    at::Tensor raw;          // its log_softmax before them, where it is wanted
    std::int64_t count = 0;  // of values, and as many indices and logprobs
};

at::Tensor sent(std::span<const TokenId> tokens, const at::Device& device) {
    at::Tensor indices = at::empty({static_cast<std::int64_t>(tokens.size())}, at::kLong);
    std::ranges::transform(tokens, indices.mutable_data_ptr<std::int64_t>(), index_of);
    return indices.to(device);
}

void forbid(const at::Tensor& rows, std::span<const TokenId> tokens) {
    if (tokens.empty()) return;
    if (tokens.size() == 1) {  // the end token, as a rule: nothing need be sent
        rows.select(-1, index_of(tokens.front())).fill_(minus_infinity);
    } else {
        rows.index_fill_(-1, sent(tokens, rows.device()), minus_infinity);
    }
}

void penalise(const at::Tensor& row, std::span<const TokenId> tokens, float penalty) {
    if (tokens.empty() || penalty == 1) return;
    const at::Tensor indices = sent(tokens, row.device());
    const at::Tensor now = row.index_select(0, indices);
    row.index_copy_(0, indices, at::where(now.lt(0), now.mul(penalty), now.div(penalty)));
}

void allow_only(const at::Tensor& row, std::span<const std::uint32_t> allowed) {
    if (allowed.empty()) return;
    at::Tensor denied = at::empty({row.size(0)}, at::kBool);
    bool* flag = denied.mutable_data_ptr<bool>();
    for (std::size_t i = 0; i < static_cast<std::size_t>(row.size(0)); ++i)
        flag[i] = i / 32 >= allowed.size() || (allowed[i / 32] >> (i % 32) & 1U) == 0;
    row.masked_fill_(denied.to(row.device()), minus_infinity);
}

void apply_rules(const at::Tensor& group, const Choice& choice) {
    for (std::size_t i = 0; i < choice.rules.size(); ++i) {
        const at::Tensor row = group.select(0, static_cast<std::int64_t>(i));
        penalise(row, choice.rules[i].penalised, choice.repetition_penalty);
        forbid(row, choice.rules[i].forbidden);
        allow_only(row, choice.rules[i].allowed);
    }
    forbid(group, choice.forbidden);
}

// Enough for the k most likely and those that equal the last of them, as a rule; then all are fetched.
std::int64_t fetched_for(const Sampling& sampling, std::int64_t vocabulary) {
    if (sampling.top_k <= 0) return vocabulary;
    return std::min<std::int64_t>(vocabulary, 4 * std::int64_t{sampling.top_k} + 64);
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

Fetch prepare(const at::Tensor& logits, const at::Tensor& scores, const Choice& choice) {
    const bool over_rows = choice.candidates > 1;
    Fetch fetch{.group = logits, .raw = {}};
    if (over_rows || choice.logprobs) fetch.raw = at::log_softmax(logits, -1);
    if (over_rows) fetch.group = choice.logprobs ? fetch.raw.clone() : fetch.raw;
    apply_rules(fetch.group, choice);
    if (over_rows) fetch.group = fetch.group.add(scores);
    const std::int64_t vocabulary = logits.size(1);
    fetch.count = choice.sampling ? fetched_for(*choice.sampling, vocabulary) : wanted(choice, vocabulary);
    return fetch;
}

void enqueue(const Fetch& fetch, const Choice& choice, std::vector<at::Tensor>& found) {
    const auto [values, indices] = best_of(fetch.group.reshape(-1), fetch.count);
    found.push_back(values.to(at::kDouble));
    found.push_back(indices.to(at::kDouble));
    if (choice.logprobs) found.push_back(fetch.raw.reshape(-1).index_select(0, indices).to(at::kDouble));
}

Found read_found(const double*& next, std::int64_t count, bool logprobs) {
    Found found{
        .scores = std::vector<float>(next, next + count),
        .indices = std::vector<std::int64_t>(next + count, next + 2 * count),
        .logprobs = {}
    };
    next += 2 * count;
    if (!logprobs) return found;
    found.logprobs.assign(next, next + count);
    next += count;
    return found;
}

// Equals of the k-th may be beyond what was fetched: then the whole row is fetched.
Found whole_row(const Fetch& fetch) {
    const at::Tensor row = fetch.group.reshape(-1).cpu();
    Found found;
    found.scores.assign(row.const_data_ptr<float>(), row.const_data_ptr<float>() + row.numel());
    for (std::int64_t i = 0; i < row.numel(); ++i) found.indices.push_back(i);
    if (!fetch.raw.defined()) return found;
    const at::Tensor raw = fetch.raw.reshape(-1).cpu();
    found.logprobs.assign(raw.const_data_ptr<float>(), raw.const_data_ptr<float>() + raw.numel());
    return found;
}

Candidate drawn(Found found, const Fetch& fetch, const Sampling& sampling) {
    const auto last = static_cast<std::size_t>(sampling.top_k) - 1;
    const bool cut = fetch.count < fetch.group.numel() && found.scores.back() == found.scores[last];
    if (cut && found.scores.back() != minus_infinity) found = whole_row(fetch);
    std::vector<Scored> scored;
    for (std::size_t i = 0; i < found.scores.size(); ++i) {
        if (found.scores[i] != minus_infinity)
            scored.push_back({.score = found.scores[i], .token = token_at(found.indices[i])});
    }
    Candidate made{.token = draw_token(std::move(scored), sampling)};
    if (found.logprobs.empty()) return made;
    const auto place = std::ranges::find(found.indices, index_of(made.token)) - found.indices.begin();
    made.logprob = found.logprobs[static_cast<std::size_t>(place)];
    return made;
}

Result<Candidate> one_token(Found found, const Fetch& fetch, const Choice& choice) {
    if (!credible(found.scores.front(), choice, {})) return not_finite();
    if (found.scores.front() == minus_infinity) return nothing_allowed();
    if (choice.sampling) return drawn(std::move(found), fetch, *choice.sampling);
    Candidate made{.token = token_at(found.indices.front())};
    if (choice.logprobs) made.logprob = found.logprobs.front();
    return made;
}

}  // namespace

// Everything is queued on the device; the one wait is for the copy of all that was found.
Result<CandidateLists> choose_on_device(
    const at::Tensor& logits, std::span<const float> scores, std::span<const Choice> choices
) {
    const std::int64_t vocabulary = logits.size(1);
    TRY(check_choices(choices, vocabulary));
    auto* running = const_cast<float*>(scores.data());  // from_blob has no form for what is only read
    const at::Tensor added =
        at::from_blob(running, {static_cast<std::int64_t>(scores.size()), 1}, at::kFloat).to(logits.device());
    std::vector<Fetch> fetches;
    std::vector<at::Tensor> found;
    std::int64_t first = 0;
    for (const Choice& choice : choices) {
        fetches.push_back(
            prepare(logits.narrow(0, first, choice.rows), added.narrow(0, first, choice.rows), choice)
        );
        enqueue(fetches.back(), choice, found);
        first += choice.rows;
    }
    const at::Tensor all = at::cat(found).cpu();
    const double* next = all.const_data_ptr<double>();
    CandidateLists lists;
    lists.reserve(choices.size());
    std::size_t row = 0;
    for (std::size_t i = 0; i < choices.size(); ++i) {
        const Choice& choice = choices[i];
        Found taken = read_found(next, fetches[i].count, choice.logprobs);
        const auto rows = static_cast<std::size_t>(choice.rows);
        if (choice.candidates == 1) {
            const Candidate chosen = TRY(one_token(std::move(taken), fetches[i], choice));
            lists.push_back({chosen});
        } else {
            lists.push_back(TRY(to_candidates(taken, choice, scores.subspan(row, rows), vocabulary)));
        }
        row += rows;
    }
    return lists;
}

}  // namespace vignette
