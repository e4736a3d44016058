// The port between the engine and whatever computes: values in, values out. Tensors never cross it, so the
// engine is compiled and tested without torch, against a scripted model.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "vignette/error.h"
#include "vignette/ids.h"
#include "vignette/image.h"

namespace vignette {

// Pixels as the model wants them; opaque to everyone else.
class Pixels {
public:
    virtual ~Pixels() = default;
};

// A new sequence: look at the pixels, read the prompt into the slot.
struct Admission {
    SlotId slot{};
    const Pixels* pixels = nullptr;
    std::span<const TokenId> prompt;  // image placeholders included
};

// One beam of one sequence: write `token` at `position` of `slot`, then look at what may follow.
struct DecodeRow {
    SlotId slot{};
    TokenId token{};
    int position = 0;
    float score = 0;  // running log-probability; beams compare candidates with it added
};

// The first `length` positions of `from` become those of `to`. All copies of a plan read before any writes.
struct SlotCopy {
    SlotId from{};
    SlotId to{};
    int length = 0;
};

// What is wanted of a group of neighbouring rows (the beams of one sequence, or a single one).
struct Choice {
    int rows = 1;
    int candidates = 1;  // 1: the most likely token (argmax of logits); more: the best of log_softmax + score
                         // over all rows
    std::span<const TokenId> forbidden;  // never chosen in this step
};

// One step of the engine. Admissions come first in the result, then the decode rows, in order.
struct StepPlan {
    std::vector<SlotCopy> copies;
    std::vector<Admission> admissions;  // one Choice each, of one row
    std::vector<DecodeRow> decode;
    std::vector<Choice> choices;
    bool empty() const { return admissions.empty() && decode.empty(); }
};

struct Candidate {
    int row = 0;  // within its group
    TokenId token{};
    float score = 0;  // log-probability with the row's running score; 0 where only the argmax was asked for
    bool operator==(const Candidate&) const = default;
};

struct StepResult {
    std::vector<std::vector<Candidate>> candidates;  // one list for each choice, best first
    std::chrono::microseconds vision{};
    std::chrono::microseconds prefill{};
};

struct ModelShape {
    int slots = 0;      // rows of the cache that sequences may use
    int positions = 0;  // length of each
    int vocabulary = 0;
};

class Model {
public:
    virtual ~Model() = default;
    virtual ModelShape shape() const = 0;
    virtual std::string device() const = 0;

    // Any thread.
    virtual Result<std::unique_ptr<Pixels>> preprocess(const Image& image) const = 0;

    // The engine's thread only. An error says that the whole step did not happen.
    virtual Result<StepResult> step(const StepPlan& plan) = 0;
};

}  // namespace vignette
