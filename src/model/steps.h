// One step of the engine as calls of the program. Private to the torch side of model/. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "model/choose/choose_tokens.h"
#include "model/graph/step_graphs.h"
#include "model/moments.h"
#include "model/program.h"
#include "model/prompt_cache.h"
#include "model/slot_cache.h"
#include "model/torch_lean.h"
#include "model/transfer/index_columns.h"
#include "vignette/model.h"

namespace vignette {

struct StepsOptions {
    TokenId image_token{};
    ModelShape shape;
    at::Device device = at::kCPU;
    std::size_t prompts_bytes_max = 0;  // of read prompts that are kept
    Recorder recorder = nullptr;        // none: steps are decoded without graphs
};

class Steps {
public:
    Steps(Program program, SlotCache cache, const StepsOptions& options);

    // Throws what torch throws.
    Result<StepResult> run(const StepPlan& plan);

    // Memory is short: lets go what may be read again. False: there was nothing.
    bool make_room() { return prompts_.clear(); }

    // Every method once, on the scratch slot: the first calls compile, and bring the weights into memory. A
    // program that does not fit its manifest throws here, not at a client's first picture.
    void warm_up(const ModelInput& picture, std::span<const TokenId> prompt);

private:
    struct NewlyRead {  // a prompt that may be asked again
        PromptKey key;
        SlotId slot{};
        int length = 0;
        at::Tensor logits;
    };

    void check(const StepPlan& plan) const;
    Result<void> check_prompts(std::span<const Admission> newcomers) const;
    at::Tensor embed(std::span<const TokenId> prompt, const at::Tensor& features);
    at::Tensor read(std::span<const Admission> newcomers, Moments& moments);
    void read_anew(
        std::span<const Admission> unread, std::span<const std::size_t> places, std::vector<at::Tensor>& rows,
        Moments& moments
    );
    std::vector<NewlyRead> newly_read_of(std::span<const Admission> newcomers, const at::Tensor& logits);
    at::Tensor prefill(std::span<const Admission> newcomers, std::span<const at::Tensor> features);
    at::Tensor prefill_together(std::span<const Admission> newcomers, std::span<const at::Tensor> features);
    at::Tensor decode(std::span<const DecodeRow> rows);
    at::Tensor decode_columns(std::span<const at::Tensor> columns);
    void check_logits(const at::Tensor& logits) const;
    void mark_poisoned(const StepPlan& plan);

    Program program_;
    SlotCache cache_;
    StepsOptions options_;
    PromptCache prompts_;
    std::uint64_t pictures_seen_ = 0;
    std::optional<StepGraphs> graphs_;
    IndexColumns prefill_rows_;  // slot, length
    IndexColumns decode_rows_;   // token, position, length of the prompt, slot
    std::vector<float> scores_;  // of all rows of the step, admissions first
};

}  // namespace vignette
