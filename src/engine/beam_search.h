// Beam search that returns what transformers' generate() returns, tie for tie and rounding for rounding: all
// scores are floats, and "impossible" is the same -1e9 that is added there, not minus infinity. One thread at
// a time.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/rules.h"
#include "vignette/model.h"

namespace vignette {

class BeamSearch {
public:
    explicit BeamSearch(const DecodingRules& rules);

    // How many continuations must be looked at, so that enough of them go on even if the rest end here.
    int candidates() const;

    // The rows of the next step (as many as there are beams); none when the search is over.
    std::vector<NextRow> advance(std::span<const Candidate> best);

    Decoded best() const { return {finished_.front().tokens, finished_.front().score}; }
    int length() const { return length_; }

private:
    struct Hypothesis {
        std::vector<TokenId> tokens;
        float score = 0;
        bool complete = false;
    };

    bool ends(TokenId token) const;
    bool all_complete() const;
    void merge_finished(std::span<const Candidate> best, std::span<const bool> hits);
    std::vector<NextRow> pick_running(std::span<const Candidate> best, std::span<const bool> hits);
    bool improvement_possible() const;

    DecodingRules rules_;
    std::vector<std::vector<TokenId>> running_;  // what each row of the last step has said so far
    std::vector<Hypothesis> finished_;           // best first; always num_beams of them
    float best_running_ = 0;
    int length_ = 0;
};

}  // namespace vignette
