// The answer to one job: a caption, a vector, or both.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "vignette/ids.h"
#include "vignette/image.h"
#include "vignette/job.h"

namespace vignette {

enum class FinishReason { stop, length, loop };

// Where the time went, measured around the stages, not inside them.
struct Timings {
    using Duration = std::chrono::microseconds;
    Duration load{};  // of models that were not in memory; excluded from the total
    Duration fetch{};
    Duration decode{};
    Duration preprocess{};
    Duration queue{};
    Duration vision{};
    Duration prefill{};
    Duration decode_steps{};
    Duration embed{};  // including the wait for the embedder
    Duration total{};
    double batch = 0;  // sequences in a step of the model, on average, while this one ran; 0: there was none
};

struct ModelUse {  // what described the picture, with the values actually used
    std::string model;
    std::string family;
    std::string digest;
    std::string device;
    std::string dtype;    // what was computed in
    std::string weights;  // of its linear layers
    std::string prompt;
    int max_length = 0;
    int min_length = 0;
    int num_beams = 0;
    double length_penalty = 1;  // of beams
    std::optional<std::string> preset{};
    std::optional<double> temperature{};  // this and the next four: of sampling
    std::optional<int> top_k{};
    std::optional<double> top_p{};
    std::optional<double> min_p{};
    std::optional<std::uint64_t> seed{};
    std::optional<double> repetition_penalty{};  // where it is not 1
    std::optional<int> no_repeat_ngram_size{};
    bool operator==(const ModelUse&) const = default;
};

// How sure the model was: the mean and the lowest probability of its tokens.
struct Confidence {
    double mean = 0;
    double min = 0;
};

struct Alternative {  // one of n captions
    std::string text;
    float score = 0;
    FinishReason finish = FinishReason::stop;
    int tokens = 0;  // new ones, including the end token
};

struct Embedding {
    std::vector<float> values;  // L2-normalised
    VectorFormat format = VectorFormat::numbers;
    std::string model;
    std::string digest;
};

struct Caption {
    Task task = Task::caption;
    std::optional<std::string> text;               // absent: captions are off, or only a vector was asked for
    std::optional<std::vector<std::string>> tags;  // with the preset `tags`
    bool is_json = false;                          // the text is JSON, perhaps cut short
    std::string stopped_by;                        // the stop string that ended it; empty: none did
    std::vector<Alternative> alternatives;  // all n, the caption among them; empty unless n was asked for
    int prompt_tokens = 0;  // that the model read: of the prompt, its pictures and the prefix, or of the text
    std::vector<TokenId> tokens;  // new tokens, including the end token
    bool return_tokens = false;
    std::vector<float> logprobs;           // of the tokens; empty unless asked for
    std::vector<std::string> token_texts;  // what each token adds to the text; empty as those
    std::optional<Confidence> confidence;
    float score = 0;  // of the best beam; 0 for greedy
    FinishReason finish = FinishReason::stop;
    ModelUse model;
    std::optional<Embedding> embedding;
    std::vector<ImageInfo> images;   // of the job's pictures
    std::vector<double> timestamps;  // of a film's frames that were looked at together, in seconds
    Timings timings;
    bool cached = false;         // the answer to the same job asked before
    bool vision_cached = false;  // the model had seen all of the job's pictures for others before
    std::vector<Warning> warnings;
};

}  // namespace vignette
