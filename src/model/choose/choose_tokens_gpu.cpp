#include <ATen/ops/log_softmax.h>
#include <ATen/ops/topk.h>
#include <ATen/ops/where.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "model/choose/device_rules.h"
#include "model/choose/read_back.h"
#include "model/choose/sample.h"
#include "model/choose/shared.h"
#include "model/sent.h"

namespace vignette {
namespace {

constexpr std::int64_t head_max = 1024;  // of a row whose token is drawn from all

// A step's rows by what is wanted of them.
struct Wishes {
    std::span<const Choice> choices;
    std::vector<std::int64_t> first;                                             // row of each choice
    std::vector<std::size_t> drawn;                                              // choices
    std::map<std::pair<int, std::int64_t>, std::vector<std::size_t>> over_rows;  // by rows and candidates
    bool singles = false;
    bool logprobs = false;
    std::int64_t rows = 0;

    Wishes(std::span<const Choice> all, std::int64_t vocabulary) : choices(all) {
        for (std::size_t i = 0; i < all.size(); ++i) {
            const Choice& choice = all[i];
            first.push_back(rows);
            rows += choice.rows;
            logprobs = logprobs || choice.logprobs;
            if (choice.candidates > 1)
                over_rows[{choice.rows, wanted(choice, vocabulary)}].push_back(i);
            else
                singles = true;
            if (choice.sampling) drawn.push_back(i);
        }
    }

    // One number for each row: what `of_choice` says of its choice.
    template <class T, class OfChoice>
    at::Tensor column(const at::Device& device, const OfChoice& of_choice) const {
        std::vector<T> numbers;
        for (const Choice& choice : choices)
            numbers.insert(numbers.end(), static_cast<std::size_t>(choice.rows), of_choice(choice));
        return sent<T>(numbers, {rows, 1}, device);
    }

    // The rows of some choices, which all have as many: [choices, rows of one, vocabulary].
    at::Tensor rows_of(const at::Tensor& all, std::span<const std::size_t> some) const {
        const std::int64_t each = choices[some.front()].rows;
        const auto count = static_cast<std::int64_t>(some.size());
        if (count * each == rows) return all.view({count, each, -1});
        std::vector<std::int64_t> places;
        for (const std::size_t one : some) {
            for (std::int64_t row = 0; row < each; ++row) places.push_back(first[one] + row);
        }
        const at::Tensor indices = sent<std::int64_t>(places, {count * each}, all.device());
        return all.index_select(0, indices).view({count, each, -1});
    }
};

// Of several choices, each with as many numbers.
struct Best {
    ReadBack::Part scores;
    ReadBack::Part indices;   // into the rows of a choice, laid end to end
    ReadBack::Part logprobs;  // where somebody wants them
    ReadBack::Part masses;    // of rows whose token is drawn from all
    std::size_t each = 1;

    Found of(const ReadBack& here, std::size_t number, bool with_logprobs) const {
        Found found;
        for (std::size_t i = number * each; i < (number + 1) * each; ++i) {
            found.scores.push_back(here.number(scores, i));
            found.indices.push_back(here.index(indices, i));
            if (with_logprobs) found.logprobs.push_back(here.number(logprobs, i));
        }
        return found;
    }
};

Best best_of(
    const std::pair<at::Tensor, at::Tensor>& scores_and_indices, const at::Tensor& likely, ReadBack& back
) {
    const auto& [scores, indices] = scores_and_indices;
    Best best{.each = static_cast<std::size_t>(scores.size(1))};
    best.scores = back.add(scores);
    best.indices = back.add(indices);
    if (likely.defined()) best.logprobs = back.add(likely.gather(1, indices));
    return best;
}

std::pair<at::Tensor, at::Tensor> most_likely_of(const at::Tensor& rows, std::int64_t count) {
    auto [values, indices] = at::topk(rows, count);
    return {std::move(values), std::move(indices)};
}

// Enough for the k most likely and those that equal the last of them, as a rule.
std::int64_t head_of(const Sampling& sampling, std::int64_t vocabulary) {
    const std::int64_t wanted = sampling.top_k > 0 ? 4 * std::int64_t{sampling.top_k} + 64 : head_max;
    return std::min(vocabulary, wanted);
}

// All the device computes, and what it found once it is here.
class Choosing {
public:
    Choosing(
        const at::Tensor& logits, std::span<const float> scores, std::span<const Choice> choices,
        const Meanwhile& meanwhile
    )
        : vocabulary_(logits.size(1)), scores_(scores), wishes_(choices, vocabulary_) {
        const bool beams = !wishes_.over_rows.empty();
        if (beams || wishes_.logprobs) likely_ = at::log_softmax(logits, -1);
        scored_ = beams ? start_of_beams(logits) : logits.contiguous();
        apply_rules(scored_, choices);
        if (beams) scored_.add_(running_scores());
        queue();
        back_.send();
        if (meanwhile) meanwhile(most_likely_.flatten());
        back_.wait();
    }

    Result<CandidateLists> lists() const {
        CandidateLists lists(wishes_.choices.size());
        for (const auto& [shape, some] : wishes_.over_rows) {
            const Best& best = over_rows_.at(shape);
            for (std::size_t i = 0; i < some.size(); ++i) {
                const Choice& choice = wishes_.choices[some[i]];
                const auto own = scores_.subspan(
                    static_cast<std::size_t>(wishes_.first[some[i]]), static_cast<std::size_t>(choice.rows)
                );
                lists[some[i]] =
                    TRY(to_candidates(best.of(back_, i, choice.logprobs), choice, own, vocabulary_));
            }
        }
        for (std::size_t i = 0; i < lists.size(); ++i)
            if (wishes_.choices[i].candidates == 1) lists[i] = {TRY(single(i))};
        for (std::size_t i = 0; i < wishes_.drawn.size(); ++i) draw(i, lists[wishes_.drawn[i]].front());
        return lists;
    }

private:
    // Beams go on from log_softmax, other rows from the logits.
    at::Tensor start_of_beams(const at::Tensor& logits) const {
        if (!wishes_.singles) return wishes_.logprobs ? likely_.clone() : likely_;
        const auto is_beam = [](const Choice& choice) -> std::uint8_t {
            return choice.candidates > 1 ? 1 : 0;
        };
        const at::Tensor beams = wishes_.column<std::uint8_t>(logits.device(), is_beam).view(at::kBool);
        return at::where(beams, likely_, logits);
    }

    at::Tensor running_scores() const {
        std::vector<float> running(scores_.begin(), scores_.end());
        for (std::size_t i = 0; i < wishes_.choices.size(); ++i)
            if (wishes_.choices[i].candidates == 1) running[static_cast<std::size_t>(wishes_.first[i])] = 0;
        return sent<float>(running, {wishes_.rows, 1}, scored_.device());
    }

    at::Tensor wanted_likely() const { return wishes_.logprobs ? likely_ : at::Tensor(); }

    void queue() {
        if (wishes_.singles) queue_singles();
        for (const auto& [shape, some] : wishes_.over_rows) {
            at::Tensor likely = wanted_likely();
            if (likely.defined()) likely = wishes_.rows_of(likely, some).flatten(1);
            const at::Tensor rows = wishes_.rows_of(scored_, some).flatten(1);
            over_rows_[shape] = best_of(most_likely_of(rows, shape.second), likely, back_);
        }
        if (!wishes_.drawn.empty()) queue_heads();
    }

    void queue_singles() {
        const ReadBack::Largest found = back_.add_largest(scored_);
        most_likely_ = found.indices;
        singles_.scores = found.value_part;
        singles_.indices = found.index_part;
        if (wishes_.logprobs) singles_.logprobs = back_.add(likely_.gather(1, most_likely_));
    }

    void queue_heads() {
        const at::Tensor rows = wishes_.rows_of(scored_, wishes_.drawn).flatten(1);
        at::Tensor likely = wanted_likely();
        if (likely.defined()) likely = wishes_.rows_of(likely, wishes_.drawn).flatten(1);
        std::int64_t head = 0;
        std::vector<float> temperatures;
        for (const std::size_t one : wishes_.drawn) {
            const Sampling& sampling = *wishes_.choices[one].sampling;
            head = std::max(head, head_of(sampling, vocabulary_));
            temperatures.push_back(static_cast<float>(sampling.temperature));
        }
        const std::pair<at::Tensor, at::Tensor> best = most_likely_of(rows, head);
        heads_ = best_of(best, likely, back_);
        const at::Tensor column = sent<float>(temperatures, {rows.size(0), 1}, rows.device());
        const at::Tensor most = best.first.narrow(1, 0, 1).div(column);
        heads_.masses = back_.add(rows.div(column).sub_(most).exp_().sum({1}, false, at::kFloat));
    }

    // The most likely one; whether all is well is seen by it.
    Result<Candidate> single(std::size_t number) const {
        const Choice& choice = wishes_.choices[number];
        const Found found =
            singles_.of(back_, static_cast<std::size_t>(wishes_.first[number]), choice.logprobs);
        if (!credible(found.scores.front(), choice, {})) return not_finite();
        if (found.scores.front() == minus_infinity) return nothing_allowed();
        Candidate made{.token = token_at(found.indices.front())};
        if (choice.logprobs) made.logprob = found.logprobs.front();
        return made;
    }

    // Replaces the most likely token by the one that is drawn.
    void draw(std::size_t number, Candidate& made) const {
        if (made.score == minus_infinity) return;  // nothing is allowed
        const std::size_t one = wishes_.drawn[number];
        const Choice& choice = wishes_.choices[one];
        Found found = heads_.of(back_, number, choice.logprobs);
        std::optional<TokenId> token = drawn_from(found, *choice.sampling, number);
        if (!token) {
            found = whole_row(wishes_.first[one], choice.logprobs);
            token = draw_token(scored_of(found), *choice.sampling);
        }
        made.token = *token;
        if (!choice.logprobs) return;
        const auto place = std::ranges::find(found.indices, index_of(made.token)) - found.indices.begin();
        made.logprob = found.logprobs[static_cast<std::size_t>(place)];
    }

    std::optional<TokenId> drawn_from(const Found& head, const Sampling& sampling, std::size_t number) const {
        const auto fetched = static_cast<std::int64_t>(head.scores.size());
        const float edge = head.scores.back();
        const auto k = static_cast<std::size_t>(sampling.top_k);
        const bool all = fetched == vocabulary_ || edge == minus_infinity;
        if (all || (sampling.top_k > 0 && head.scores[k - 1] > edge))
            return draw_token(scored_of(head), sampling);
        if (sampling.top_k > 0) return std::nullopt;  // equals of the k-th may be missing
        return draw_from_head(scored_of(head), double{back_.number(heads_.masses, number)}, sampling);
    }

    static std::vector<Scored> scored_of(const Found& found) {
        std::vector<Scored> scored;
        for (std::size_t i = 0; i < found.scores.size(); ++i) {
            if (found.scores[i] != minus_infinity)
                scored.push_back({.score = found.scores[i], .token = token_at(found.indices[i])});
        }
        return scored;
    }

    Found whole_row(std::int64_t row, bool with_logprobs) const {
        const auto fetch = [&](const at::Tensor& rows) {
            const at::Tensor here = rows.select(0, row).cpu();
            return std::vector<float>(
                here.const_data_ptr<float>(), here.const_data_ptr<float>() + vocabulary_
            );
        };
        Found found{.scores = fetch(scored_), .indices = {}, .logprobs = {}};
        for (std::int64_t i = 0; i < vocabulary_; ++i) found.indices.push_back(i);
        if (with_logprobs) found.logprobs = fetch(likely_);
        return found;
    }

    const std::int64_t vocabulary_;
    const std::span<const float> scores_;
    const Wishes wishes_;
    at::Tensor likely_;  // log_softmax before all rules, where somebody needs it
    at::Tensor scored_;  // all rules applied
    ReadBack back_;
    at::Tensor most_likely_;  // of each row, where one is wanted
    Best singles_;            // one for each row of the step, beams among them
    std::map<std::pair<int, std::int64_t>, Best> over_rows_;
    Best heads_;
};

}  // namespace

// Everything is queued on the device by as many calls for many rows as for one. The one wait is for what was
// found; only a draw that the most likely thousand tokens do not decide fetches its row.
Result<CandidateLists> choose_on_device(
    const at::Tensor& logits, std::span<const float> scores, std::span<const Choice> choices,
    const Meanwhile& meanwhile
) {
    TRY(check_choices(choices, logits.size(1)));
    return Choosing(logits, scores, choices, meanwhile).lists();
}

}  // namespace vignette
