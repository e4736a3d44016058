// The answer to one picture.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "vignette/ids.h"
#include "vignette/image.h"
#include "vignette/job.h"

namespace vignette {

enum class FinishReason { stop, length };

// Where the time went. Measured around the stages, not inside them.
struct Timings {
    using Duration = std::chrono::microseconds;
    Duration fetch{};
    Duration decode{};
    Duration preprocess{};
    Duration queue{};
    Duration vision{};
    Duration prefill{};
    Duration decode_steps{};
    Duration total{};
};

struct ModelUse {  // what described the picture, with the values that were really used
    std::string model;
    std::string family;
    std::string digest;
    std::string device;
    std::string dtype;
    std::string prompt;
    int max_length = 0;
    int min_length = 0;
    int num_beams = 0;
    bool operator==(const ModelUse&) const = default;
};

struct Caption {
    std::string text;
    std::vector<TokenId> tokens;  // new tokens, the end token included
    bool return_tokens = false;
    float score = 0;  // of the best beam; 0 for greedy
    FinishReason finish = FinishReason::stop;
    ModelUse model;
    ImageInfo image;
    Timings timings;
    std::vector<Warning> warnings;
};

}  // namespace vignette
