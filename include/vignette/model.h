// The port between the engine and whatever computes: values in, values out. Tensors never cross it, so the
// engine is compiled and tested without torch, against a scripted model.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vignette/error.h"
#include "vignette/ids.h"
#include "vignette/image.h"

namespace vignette {

// ModelInput as the model wants them; opaque to everyone else.
class ModelInput {
public:
    virtual ~ModelInput() = default;

    // How many placeholders stand for the picture in a prompt; an embedder has no prompts: 0.
    virtual int tokens() const = 0;
};

// A new sequence: look at the pictures, read the prompt into the slot.
struct Admission {
    SlotId slot{};
    std::span<const ModelInput* const> pictures;  // in the order of their placeholders
    std::span<const TokenId> prompt;              // placeholders included
};

// One beam of one sequence: write `token` at `position` of `slot`, then look at what may follow.
struct DecodeRow {
    SlotId slot{};
    TokenId token{};
    int position = 0;
    int prompt = 0;   // length of its sequence's prompt: encoder-decoder families divide the slot there
    float score = 0;  // running log-probability; beams compare candidates with it added
};

// The first `length` positions of `from` become those of `to`. All copies of a plan read before any writes.
struct SlotCopy {
    SlotId from{};
    SlotId to{};
    int length = 0;
};

// Draws a token instead of taking the most likely: temperature, then the k most likely, then the smallest set
// that holds top_p, then what is at least min_p times as likely as the first. Of what is left, `draw` says
// which: probabilities are summed up from the most likely one on until they exceed it.
struct Sampling {
    double temperature = 1;
    int top_k = 0;  // 0: all
    double top_p = 1;
    double min_p = 0;
    double draw = 0;  // from 0 to below 1
};

// What is special about one row of a choice in this step.
struct RowRules {
    std::span<const TokenId> forbidden;      // never chosen
    std::span<const TokenId> penalised;      // said before; each once
    std::span<const std::uint32_t> allowed;  // a bit for each token, lowest first; empty: all
};

// What is wanted of a group of neighbouring rows (the beams of one sequence, or a single one). The order is
// the reference's: log_softmax (of beams), the penalty, what is forbidden, the running score (of beams),
// sampling.
struct Choice {
    int rows = 1;
    int candidates = 1;  // 1: the most likely token (argmax of logits); more: the best of log_softmax + score
                         // over all rows
    std::span<const TokenId> forbidden = {};  // never chosen in this step, in no row
    std::span<const RowRules> rules = {};     // none, or one for each row
    float repetition_penalty = 1;
    std::optional<Sampling> sampling = {};  // of a single row
    bool logprobs = false;                  // whether candidates tell their logprob
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
    float score = 0;    // log-probability with the row's running score; 0 where only one token was asked for;
                        // minus infinity where rules forbade it: they left nothing better
    float logprob = 0;  // of the token as the model has it, before any rule; 0 unless asked for
    bool operator==(const Candidate&) const = default;
};

struct StepResult {
    std::vector<std::vector<Candidate>> candidates;  // one list for each choice, best first
    std::chrono::microseconds vision{};
    std::chrono::microseconds prefill{};
};

// A picture that is prepared while it is still being decoded. One thread at a time; it does not outlive its
// model.
class Preparation {
public:
    virtual ~Preparation() = default;
    virtual void accept_rows(
        Size whole, std::span<const std::uint8_t> rows
    ) = 0;  // as RowSink::accept_rows()
    virtual Result<std::unique_ptr<ModelInput>> finish(const Image& image) = 0;
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
    virtual Result<std::unique_ptr<ModelInput>> preprocess(const Image& image) const = 0;
    // The same for a picture that comes row by row; null where nothing would be gained.
    virtual std::unique_ptr<Preparation> prepare() const { return nullptr; }

    // The engine's thread only. An error says that the whole step did not happen.
    virtual Result<StepResult> step(const StepPlan& plan) = 0;
};

}  // namespace vignette
