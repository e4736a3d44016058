// Decoding as it is written in transformers' generate(), for one sequence: slow, with the whole history of
// every beam, and with nothing of src/engine in it but its values.
#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "engine/reference_rules.h"
#include "engine/rules.h"
#include "fakes/scripted_choice.h"

namespace vignette {

inline std::vector<std::size_t> reference_topk(const std::vector<float>& values, std::size_t count) {
    std::vector<std::size_t> order(values.size());
    std::iota(order.begin(), order.end(), 0U);
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return values[a] > values[b]; });
    order.resize(count);
    return order;
}

inline Decoded reference_single(const ReferenceRequest& asked) {
    Decoded made;
    std::optional<Ending> ending;
    while (!ending) {
        const std::vector<float> scores = reference_processed(asked, made.tokens);
        std::size_t chosen = static_cast<std::size_t>(std::ranges::max_element(scores) - scores.begin());
        if (asked.rules.sampling) {
            chosen = reference_sample(scores, *asked.rules.sampling, asked.draw(made.tokens.size()));
        }
        if (asked.rules.logprobs) made.logprobs.push_back(log_softmax(asked.next(made.tokens))[chosen]);
        made.tokens.push_back(TokenId{static_cast<int>(chosen)});
        ending = reference_ending(asked, made.tokens);
    }
    made.ending = *ending;
    reference_cut(made);
    return made;
}

// _beam_search; the names are those of generation/utils.py.
class ReferenceBeamSearch {
public:
    explicit ReferenceBeamSearch(ReferenceRequest asked) : asked_(std::move(asked)) {
        running_beam_scores_[0] = 0;
    }

    std::vector<Decoded> run() {
        while (step()) {
        }
        std::vector<Decoded> made;
        for (std::size_t beam = 0; beam < num_beams_; ++beam) {
            const bool ended = is_sent_finished_[beam] && std::isfinite(beam_scores_[beam]);
            if (beam > 0 && (static_cast<int>(beam) >= rules_.returned || !ended)) continue;
            made.push_back({.tokens = sequences_[beam], .score = beam_scores_[beam]});
            made.back().ending = reference_ending(asked_, sequences_[beam]).value_or(Ending::length);
            add_logprobs(made.back());
            reference_cut(made.back());
        }
        return made;
    }

private:
    using Said = std::vector<TokenId>;

    bool step() {
        top_k_continuations();
        hits_.clear();
        for (const Said& one : topk_sequences_) {
            hits_.push_back(reference_ending(asked_, one).has_value());
        }
        running_beams_for_next_iteration();
        update_finished_beams();
        ++cur_len_;
        check_early_stop_heuristic();
        const bool exists_open_beam = !(all(is_sent_finished_) && rules_.early_stopping);
        return heuristic_unsatisfied_ && exists_open_beam && !all(hits_);
    }

    void add_logprobs(Decoded& made) const {
        if (!rules_.logprobs) return;
        for (std::size_t i = 0; i < made.tokens.size(); ++i) {
            const std::vector<float> scores = asked_.next(std::span(made.tokens).first(i));
            made.logprobs.push_back(scores[static_cast<std::size_t>(made.tokens[i])]);
        }
    }

    void top_k_continuations() {
        std::vector<float> log_probs;
        for (std::size_t beam = 0; beam < num_beams_; ++beam) {
            for (const float one : reference_processed(asked_, running_sequences_[beam])) {
                log_probs.push_back(one + running_beam_scores_[beam]);
            }
        }
        const std::size_t vocabulary = log_probs.size() / num_beams_;
        topk_log_probs_.clear();
        topk_sequences_.clear();
        for (const std::size_t i : reference_topk(log_probs, beams_to_keep_)) {
            topk_log_probs_.push_back(log_probs[i]);
            topk_sequences_.push_back(running_sequences_[i / vocabulary]);
            topk_sequences_.back().push_back(TokenId{static_cast<int>(i % vocabulary)});
        }
    }

    void running_beams_for_next_iteration() {
        std::vector<float> scores = topk_log_probs_;
        for (std::size_t i = 0; i < scores.size(); ++i) scores[i] += (hits_[i] ? 1.0F : 0.0F) * -1.0e9F;
        const std::vector<std::size_t> next = reference_topk(scores, num_beams_);
        for (std::size_t beam = 0; beam < num_beams_; ++beam) {
            running_sequences_[beam] = topk_sequences_[next[beam]];
            running_beam_scores_[beam] = scores[next[beam]];
        }
    }

    void update_finished_beams() {
        const float divisor = power(cur_len_ + 1);
        const bool full = all(is_sent_finished_) && rules_.early_stopping;
        std::vector<Said> sequences = sequences_;
        std::vector<float> scores = beam_scores_;
        std::vector<bool> finished = is_sent_finished_;
        for (std::size_t i = 0; i < beams_to_keep_; ++i) {
            const bool just_finished = hits_[i] && i < num_beams_;
            float score = topk_log_probs_[i] / divisor;
            score += (full ? 1.0F : 0.0F) * -1.0e9F;
            score += (heuristic_unsatisfied_ ? 0.0F : 1.0F) * -1.0e9F;
            score += (just_finished ? 0.0F : 1.0F) * -1.0e9F;
            sequences.push_back(topk_sequences_[i]);
            scores.push_back(score);
            finished.push_back(just_finished);
        }
        const std::vector<std::size_t> best = reference_topk(scores, num_beams_);
        for (std::size_t beam = 0; beam < num_beams_; ++beam) {
            sequences_[beam] = sequences[best[beam]];
            beam_scores_[beam] = scores[best[beam]];
            is_sent_finished_[beam] = finished[best[beam]];
        }
    }

    void check_early_stop_heuristic() {
        const float best_possible = running_beam_scores_[0] / power(cur_len_);
        const float worst = *std::ranges::min_element(beam_scores_);
        bool any = false;
        for (const bool finished : is_sent_finished_)
            any = any || best_possible > (finished ? worst : -1.0e9F);
        heuristic_unsatisfied_ = heuristic_unsatisfied_ && any;
    }

    float power(int length) const { return static_cast<float>(std::pow(length, rules_.length_penalty)); }
    static bool all(const std::vector<bool>& values) {
        return std::find(values.begin(), values.end(), false) == values.end();
    }

    const ReferenceRequest asked_;
    const DecodingRules rules_ = asked_.rules;
    const std::size_t num_beams_ = static_cast<std::size_t>(rules_.num_beams);
    const std::size_t beams_to_keep_ = std::max<std::size_t>(2, 1 + rules_.end.size()) * num_beams_;
    std::vector<Said> running_sequences_ = std::vector<Said>(num_beams_);
    std::vector<float> running_beam_scores_ = std::vector<float>(num_beams_, -1.0e9F);
    std::vector<Said> sequences_ = std::vector<Said>(num_beams_);
    std::vector<float> beam_scores_ = std::vector<float>(num_beams_, -1.0e9F);
    std::vector<bool> is_sent_finished_ = std::vector<bool>(num_beams_, false);
    bool heuristic_unsatisfied_ = true;
    int cur_len_ = 0;  // new tokens: decoder_prompt_len is subtracted everywhere
    std::vector<float> topk_log_probs_;
    std::vector<Said> topk_sequences_;
    std::vector<bool> hits_;
};

inline std::vector<Decoded> reference_decode(const ReferenceRequest& asked) {
    if (asked.rules.num_beams > 1) return ReferenceBeamSearch(asked).run();
    return {reference_single(asked)};
}

}  // namespace vignette
