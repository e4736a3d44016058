// Decode steps as graphs: what a step asks of the device is recorded once for some numbers of rows, and from
// then on asked for in one call. A step of a number in between is filled up with rows that nobody reads.
// Private to the torch side of model/. One thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "model/torch_lean.h"
#include "vignette/model.h"

namespace vignette {

// Work over tensors that stay where they are, to be done again with the numbers that are in them by then.
class Recording {
public:
    virtual ~Recording() = default;
    virtual void replay() = 0;
};

// Records the work and need not do it. Throws where it asks for something that cannot be recorded.
using Recorder = std::function<std::unique_ptr<Recording>(const std::function<void()>& work)>;

// Logits of rows in columns: token, position, length of the prompt, slot; and turn, of a family that has
// some.
using DecodeColumns = std::function<at::Tensor(std::span<const at::Tensor> columns)>;

class StepGraphs {
public:
    StepGraphs(Recorder recorder, SlotId scratch, const at::Device& device)
        : recorder_(std::move(recorder)), scratch_(scratch), device_(device) {}

    // Logits [rows, vocabulary] that the next step overwrites. None: this step has no graph, not yet or not
    // at all, and nothing was done for it. `turns`: one a row, or none at all. `tokens`, if defined, take the
    // place of the rows' own.
    std::optional<at::Tensor> decode(
        std::span<const DecodeRow> rows, std::span<const std::int64_t> turns, const at::Tensor& tokens,
        const DecodeColumns& decode
    );

    // The least number of rows that has a graph and holds so many; none: they are too many.
    static std::optional<int> bucket_of(std::size_t rows);

private:
    static constexpr std::array buckets{1, 2, 4, 8, 16, 24, 32, 48, 64, 96};

    struct Graph {
        int asked_for = 0;
        bool refused = false;
        at::Tensor numbers;               // all columns, one below the other
        std::vector<at::Tensor> columns;  // of them
        at::Tensor logits;
        std::unique_ptr<Recording> recording;
    };

    void fill(Graph& graph, int bucket, std::span<const DecodeRow> rows, std::span<const std::int64_t> turns)
        const;
    at::Tensor record(Graph& graph, int bucket, const DecodeColumns& decode) const;

    Recorder recorder_;
    SlotId scratch_;
    at::Device device_;
    std::array<Graph, buckets.size()> graphs_;
};

}  // namespace vignette
