// A model without arithmetic: what follows is a hash of the picture and of everything its slot has been told,
// kept exactly as a cache would keep it. So a wrong slot, a missed copy or a leaking neighbour changes the
// text.
//
// It aborts on a plan that no cache could carry out. Switches and counters may be used from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "fakes/gate.h"
#include "vignette/model.h"

namespace vignette {

struct ScriptedPixels final : ModelInput {
    explicit ScriptedPixels(int picture_number) : picture(picture_number) {}
    int tokens() const override { return 2; }
    std::size_t bytes() const override { return seen ? 100 : 1000; }
    int picture;
    mutable std::atomic<bool> seen = false;  // by the model: its pixels are gone
};

struct Script {
    ModelShape shape{.slots = 8, .positions = 64, .vocabulary = 32};
    std::vector<TokenId> favoured{};  // usually the end tokens: their logits are raised by `bias`
    float bias = 0;
    std::uint64_t seed = 1;
    std::size_t memory = 1'000'000;  // of how many tokens; one of few says the same again and again
};

struct StepRecord {             // of a step that happened, or of one that failed
    std::vector<int> admitted;  // pictures
    std::vector<int> parts;     // how many tokens of unfinished prompts were read
    int tokens = 0;             // of prompts, in all
    int decode_rows = 0;
    int groups = 0;
    bool failed = false;
};

class ScriptedModel final : public Model {
public:
    explicit ScriptedModel(Script script);

    ModelShape shape() const override { return script_.shape; }
    std::string device() const override { return "scripted"; }
    Result<std::unique_ptr<ModelInput>> preprocess(const Image& image, PictureWish wish)
        const override;  // the width is the number
    Result<StepResult> step(const StepPlan& plan) override;

    // What the model says after `history`, prompt included; for tests that decode by themselves.
    std::vector<float> logits(int picture, std::span<const TokenId> history) const;

    // Several pictures in this order are one as well, with a number that no single one has.
    static int number_of(std::span<const int> pictures);

    // Where its shape says that it sees ahead.
    Result<std::chrono::microseconds> see(std::span<const std::shared_ptr<const ModelInput>> pictures
    ) override;

    Gate gate;       // before each step
    Gate look_gate;  // before each look ahead
    void fail_next(int steps, Error error);
    void fail_with_admissions_above(int most);  // out_of_memory, like a vision side that is too wide
    void fail_with_picture(int picture, Error error);
    std::vector<StepRecord> steps() const;
    int looks() const { return looks_; }              // at pictures that had not been seen
    int looks_ahead() const { return looks_ahead_; }  // of them: in see()

private:
    struct Slot {
        int picture = 0;
        std::vector<TokenId> history;
    };

    void check(const StepPlan& plan) const;
    void check_choices(const StepPlan& plan) const;
    void check_slots(const StepPlan& plan) const;
    void write(const StepPlan& plan);
    std::vector<Candidate> choose(std::span<const DecodeRow> rows, const Choice& wanted) const;
    static int number_of(const Admission& admission);
    int look(const Admission& one);  // the picture's number
    std::optional<Error> failure(const StepPlan& plan);
    bool has_same(const SlotCopy& copy) const;
    Slot& at(SlotId slot) { return slots_[static_cast<std::size_t>(slot)]; }
    const Slot& at(SlotId slot) const { return slots_[static_cast<std::size_t>(slot)]; }

    const Script script_;
    std::vector<Slot> slots_;   // the thread of step()
    bool last_failed_ = false;  // the thread of step()

    std::atomic<int> looks_ = 0;
    std::atomic<int> looks_ahead_ = 0;

    mutable std::mutex mutex_;  // for all below
    int failures_left_ = 0;
    Error failure_;
    int admissions_max_ = 1000;
    std::optional<int> poison_;
    Error poison_error_;
    std::vector<StepRecord> steps_;
};

}  // namespace vignette
