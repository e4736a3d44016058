// One step of the engine as calls of the program. Private to the torch side of model/. One thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "model/choose.h"
#include "model/program.h"
#include "model/slot_cache.h"
#include "model/torch_lean.h"
#include "vignette/model.h"

namespace vignette {

// Columns of whole numbers, one entry for each row of a batch, as the tensors a program takes. On the CPU the
// tensors are made once for each batch size and only their numbers change from step to step.
class IndexColumns {
public:
    IndexColumns(int columns, int rows_max, at::Device device);

    std::int64_t& at(int column, int row, int rows) {
        return numbers_
            [static_cast<std::size_t>(column) * static_cast<std::size_t>(rows) +
             static_cast<std::size_t>(row)];
    }
    // The columns of a batch of `rows` rows; valid until the next call.
    std::span<const at::Tensor> tensors(int rows);

private:
    int columns_;
    at::Device device_;
    std::vector<std::int64_t> numbers_;           // column after column, without gaps
    std::vector<std::vector<at::Tensor>> views_;  // by number of rows; look into numbers_
    std::vector<at::Tensor> sent_;                // on the device
};

struct StepsOptions {
    TokenId image_token{};
    ModelShape shape;
    at::Device device = at::kCPU;
};

class Steps {
public:
    Steps(Program program, SlotCache cache, const StepsOptions& options);

    // Throws what torch throws.
    Result<StepResult> run(const StepPlan& plan);

    // Every method once, on the scratch slot: the first calls compile, and bring the weights into memory.
    void warm_up(const at::Tensor& pixels, std::span<const TokenId> prompt);

private:
    void check(const StepPlan& plan) const;
    Result<void> check_prompts(const StepPlan& plan, std::int64_t features) const;
    at::Tensor encode(const StepPlan& plan);
    at::Tensor embed(std::span<const TokenId> prompt, const at::Tensor& features);
    at::Tensor prefill(const StepPlan& plan, const at::Tensor& features);
    at::Tensor decode(std::span<const DecodeRow> rows);
    void mark_poisoned(const StepPlan& plan);
    void wait() const;

    Program program_;
    SlotCache cache_;
    StepsOptions options_;
    IndexColumns prefill_rows_;  // slot, length
    IndexColumns decode_rows_;   // token, position, slot
    std::vector<float> scores_;  // of all rows of the step, admissions first
};

}  // namespace vignette
