// Beam search that returns what transformers' generate() returns, tie for tie and rounding for rounding: all
// scores are floats, and "impossible" is the same -1e9 that is added there, not minus infinity. A beam that
// ends for any reason is treated as one that met an end token. One thread at a time.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "engine/ending.h"
#include "engine/rules.h"
#include "vignette/model.h"

namespace vignette {

class BeamSearch {
public:
    explicit BeamSearch(const DecodingRules& rules, EndsHere ends_here = {});

    // How many continuations must be looked at, so that enough of them go on even if the rest end here.
    int candidates() const { return candidates_; }

    // The rows of the next step (as many as there are beams); none when the search is over.
    const std::vector<NextRow>& advance(std::span<const Candidate> best);

    // The best beams that have ended; the best of all if none has. A beam that had to say
    // something forbidden, because nothing else was left, is returned only if there is no other.
    std::vector<Decoded> decoded() const;

    int length() const { return length_; }

private:
    using Endings = std::vector<std::optional<Ending>>;  // of each candidate; none: it may go on

    struct Beam {
        std::vector<TokenId> tokens;
        std::vector<float> logprobs;  // empty unless asked for
    };
    struct Hypothesis {
        Beam said;
        float score = 0;
        std::optional<Ending> ending;  // none: it is not complete yet
    };

    Beam extended(const Candidate& candidate) const;
    void find_endings(std::span<const Candidate> best);
    bool all_complete() const;
    void merge_finished(std::span<const Candidate> best);
    void pick_running(std::span<const Candidate> best);
    bool improvement_possible() const;

    int num_beams_;
    int returned_;
    double length_penalty_;
    bool early_stopping_;
    bool keeps_logprobs_;
    int candidates_;
    EndRules ends_;
    std::vector<Beam> running_;         // what each row of the last step has said so far
    std::vector<Hypothesis> finished_;  // best first; always num_beams of them
    std::vector<NextRow> next_;
    Endings endings_;
    std::vector<TokenId> scratch_;
    float best_running_ = 0;
    int length_ = 0;
};

}  // namespace vignette
