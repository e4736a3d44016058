// One step of the engine as calls of the program. Private to the torch side of model/. One thread at a time.
#pragma once

#include <c10/core/Stream.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "model/choose/choose_tokens.h"
#include "model/encode_pictures.h"
#include "model/graph/decoded_ahead.h"
#include "model/graph/step_graphs.h"
#include "model/moments.h"
#include "model/program.h"
#include "model/prompts/prompt_cache.h"
#include "model/slot_cache.h"
#include "model/torch_lean.h"
#include "model/transfer/index_columns.h"
#include "vignette/model.h"

namespace vignette {

struct StepsOptions {
    std::vector<TokenId> placeholders;  // stand for what the vision side saw
    ModelShape shape;
    at::Device device = at::kCPU;
    std::size_t prompts_bytes_max = 0;  // of read prompts that are kept
    Recorder recorder = nullptr;        // none: steps are decoded without graphs
    bool decodes_ahead = false;         // asks for the next step before the words of this one are here
};

class Steps {
public:
    Steps(Program program, SlotCache cache, const StepsOptions& options);

    // Throws what torch throws.
    Result<StepResult> run(const StepPlan& plan);

    // Any one other thread, beside run(), with a stream of its own as torch's current one: looks at pictures,
    // and waits until what was seen may be read on `reader`. How long it took; 0: all had been seen before.
    std::chrono::microseconds see(
        std::span<const std::shared_ptr<const ModelInput>> pictures, const c10::Stream& reader
    );

    bool reads_in_parts() const { return program_.prefills_more(); }

    // Memory is short: lets go what may be read again. False: there was nothing.
    bool make_room() { return prompts_.clear(); }

    // Each method once, on the scratch slot: the first calls compile, and bring the weights into memory. A
    // program that does not fit its manifest throws here, not at a client's first picture.
    void warm_up_reading(const ModelInput& picture, std::span<const TokenId> prompt);
    void warm_up_decoding(int prompt);

private:
    struct NewlyRead {  // a prompt that may be asked again
        PromptKey key;
        SlotId slot{};
        int length = 0;
        at::Tensor logits;
    };

    at::Tensor embed(std::span<const TokenId> prompt, const at::Tensor& features);
    at::Tensor embed(const PromptPart& part, const at::Tensor& features);
    at::Tensor read(const StepPlan& plan, Moments& moments);
    at::Tensor read_anew(std::span<const PromptPart> unread, Moments& moments);
    std::vector<NewlyRead> newly_read_of(std::span<const Admission> newcomers, const at::Tensor& logits);
    at::Tensor place(const PromptPart& part);
    at::Tensor prefill(std::span<const PromptPart> prompts, std::span<const at::Tensor> features);
    at::Tensor prefill_together(std::span<const PromptPart> prompts, std::span<const at::Tensor> features);
    at::Tensor decode(std::span<const DecodeRow> rows, const at::Tensor& tokens = {});
    void decode_ahead(std::vector<DecodeRow> rows, const at::Tensor& tokens);
    at::Tensor decode_columns(std::span<const at::Tensor> columns);
    std::int64_t turn_of(const DecodeRow& row) const;
    std::vector<std::int64_t> turns_of(std::span<const DecodeRow> rows) const;
    void check_logits(const at::Tensor& logits) const;
    void mark_poisoned(const StepPlan& plan);
    void mark_sound(const StepPlan& plan);

    Program program_;
    SlotCache cache_;
    StepsOptions options_;
    PromptCache prompts_;
    std::unique_ptr<Vision> vision_;
    std::optional<StepGraphs> graphs_;
    DecodedAhead ahead_;
    IndexColumns prefill_rows_;  // slot, length
    IndexColumns decode_rows_;   // token, position, length of the prompt, slot; and turn, if there are places
    std::vector<float> scores_;  // of all rows of the step, admissions first
};

}  // namespace vignette
