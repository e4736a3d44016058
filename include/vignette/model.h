// The port between the engine and the model that computes: values in, values out. Tensors never cross it, so
// the engine is compiled and tested without torch, against a scripted model.
#pragma once

#include <chrono>
#include <cstddef>
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

// A picture preprocessed for the model; opaque to everyone else. Several sequences may share one, also one
// after another: the model's thread leaves in it what it saw, and does not look again.
class ModelInput {
public:
    virtual ~ModelInput() = default;

    // How much memory it holds now; the number changes when the model has seen it. Any thread.
    virtual std::size_t bytes() const = 0;

    // How many placeholders represent the picture in a prompt; 0 for an embedder, which has no prompts.
    virtual int tokens() const = 0;

    // How large the model sees it, where that keeps the picture's shape.
    virtual Size shown() const { return {}; }
};

// What a job wants of its pictures, where the model's pictures may be of any size.
struct PictureWish {
    int tokens_max = 0;  // placeholders of one picture, or of a film; 0: as many as the model's own limit
};

// A new sequence: encode the pictures, prefill the slot with the prompt, or with what is left of it.
struct Admission {
    SlotId slot{};
    std::span<const ModelInput* const> pictures;  // in the order of their placeholders
    std::span<const TokenId> prompt;              // including placeholders
    bool may_recur = false;                       // the model may keep what it reads for the same asked again
    int first = 0;                                // the slot holds so many of the prompt's tokens already
};

// One beside others that should not wait for all of it: this step reads `count` tokens more, and the next
// ones the rest.
struct PromptPart {
    Admission whole;
    int count = 0;
};

// One beam of one sequence: write `token` at `position` of `slot`, then score what may follow.
struct DecodeRow {
    SlotId slot{};
    TokenId token{};
    int position = 0;
    int prompt = 0;   // length of the sequence's prompt; encoder-decoder families split the slot there
    float score = 0;  // running log-probability, added to that of each candidate in beam search
};

// Copies the first `length` positions of `from` to `to`. All copies of a plan are read before any is written.
struct SlotCopy {
    SlotId from{};
    SlotId to{};
    int length = 0;
    int same = 0;  // of them: `to` holds so many already, and they need not be copied
};

// Samples a token instead of taking the most likely one: temperature, then top-k, then the smallest set with
// a total probability of top_p, then tokens at least min_p times as likely as the first. `draw` picks one of
// those left: probabilities are added up, the most likely first, until the sum exceeds it.
struct Sampling {
    double temperature = 1;
    int top_k = 0;  // 0: all
    double top_p = 1;
    double min_p = 0;
    double draw = 0;  // in [0, 1)
};

// Rules for one row of a choice, in this step only.
struct RowRules {
    std::span<const TokenId> forbidden;      // never chosen
    std::span<const TokenId> penalised;      // tokens that already occurred, each listed once
    std::span<const std::uint32_t> allowed;  // one bit per token, lowest first; empty: all
};

// How to choose tokens for a group of adjacent rows (the beams of one sequence, or a single row). The order
// is the reference's: log_softmax (for beams), the penalty, forbidden tokens, the running score (for beams),
// sampling.
struct Choice {
    int rows = 1;
    int candidates = 1;  // 1: the most likely token (argmax of logits); more: the best by log_softmax + score
                         // over all rows
    std::span<const TokenId> forbidden = {};  // never chosen in this step, in any row
    std::span<const RowRules> rules = {};     // empty, or one for each row
    float repetition_penalty = 1;
    std::optional<Sampling> sampling = {};  // for a single row only
    bool logprobs = false;                  // whether candidates carry their logprob
};

// One step of the engine. In the result, admissions come first, then the decode rows, in order.
struct StepPlan {
    std::vector<SlotCopy> copies;
    std::vector<PromptPart> parts;      // nothing is chosen after them
    std::vector<Admission> admissions;  // one Choice of one row each
    std::vector<DecodeRow> decode;
    std::vector<Choice> choices;
    bool empty() const { return parts.empty() && admissions.empty() && decode.empty(); }
};

struct Candidate {
    int row = 0;  // within its group
    TokenId token{};
    float score = 0;    // log-probability plus the row's running score; 0 if only one token was asked for;
                        // minus infinity if forbidden: the rules left nothing better
    float logprob = 0;  // the model's own, before any rule; 0 unless asked for
    bool operator==(const Candidate&) const = default;
};

struct StepResult {
    std::vector<std::vector<Candidate>> candidates;  // one list per choice, best first
    std::chrono::microseconds vision{};              // 0: all pictures had been seen before
    std::chrono::microseconds prefill{};             // 0: all prompts had been read before
};

// Preprocesses a picture while it is still being decoded. One thread at a time; must not outlive its model.
class Preparation {
public:
    virtual ~Preparation() = default;
    // As RowSink::accept_rows().
    virtual void accept_rows(Size whole, std::span<const std::uint8_t> rows) = 0;
    virtual Result<std::unique_ptr<ModelInput>> finish(const Image& image) = 0;
};

struct ModelShape {
    int slots = 0;      // cache rows available to sequences
    int positions = 0;  // length of each
    int vocabulary = 0;
    int tokens_beside_others = 1024;  // of prompts, read in a step for which others wait
    bool reads_in_parts = false;      // whether a plan may have parts
    bool sees_ahead = false;          // whether see() does anything
};

class Model {
public:
    virtual ~Model() = default;
    virtual ModelShape shape() const = 0;
    virtual std::string device() const = 0;

    // Any thread.
    virtual Result<std::unique_ptr<ModelInput>> preprocess(const Image& image, PictureWish wish) const = 0;
    // The same for a picture that arrives row by row; null if nothing would be gained.
    virtual std::unique_ptr<Preparation> prepare(PictureWish wish) const {
        (void)wish;
        return nullptr;
    }

    // Frames of a film, which have one size, as the groups of its prompt; `begins` says when each group
    // begins, in seconds after the first. Only where the bundle has a FilmRecipe.
    virtual Result<std::vector<std::unique_ptr<ModelInput>>> preprocess_film(
        std::span<const Image> frames, std::span<const double> begins, PictureWish wish
    ) const {
        (void)frames, (void)begins, (void)wish;
        return fail(ErrorCode::unsupported, "this model takes no films");
    }

    // Looks at pictures ahead of the step that will read them, so that those who run need not wait for it.
    // One thread at a time, beside step(), which looks itself at what it finds unseen. Says how long it took;
    // 0: all had been seen before.
    virtual Result<std::chrono::microseconds> see(std::span<const std::shared_ptr<const ModelInput>> pictures
    ) {
        (void)pictures;
        return {};
    }

    // The engine's thread only. An error means that the whole step did not happen.
    virtual Result<StepResult> step(const StepPlan& plan) = 0;
};

}  // namespace vignette
