// What is asked of the engine, and what it answers.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <vector>

#include "engine/rules.h"
#include "vignette/ids.h"
#include "vignette/model.h"

namespace vignette {

struct GenerationRequest {
    JobId job{};  // of several requests, perhaps; empty: of none
    std::vector<std::shared_ptr<const ModelInput>> pictures{};  // in the order of their placeholders
    std::vector<TokenId> prompt{};                              // placeholders included
    bool may_recur = false;                                     // as in Admission
    DecodingRules rules{};
    std::stop_token stop{};
    std::unique_ptr<TokenFilter> filter{};  // none: whatever the rules allow; with one beam only
    EndsHere ends_here{};                   // none: only end tokens end it
};

struct Generation {
    std::vector<Decoded> decoded{};  // best first; one at least, `returned` at most
    std::chrono::microseconds queue{};
    std::chrono::microseconds vision{};
    std::chrono::microseconds prefill{};
    std::chrono::microseconds decode_steps{};
    double batch = 0;  // sequences in a step, on average, while this one ran
};

// Receives the tokens of a single-beam sequence as they are chosen, on the thread that waits in generate().
using OnToken = std::function<void(TokenId token)>;

}  // namespace vignette
