#include "model/graph/step_graphs.h"

#include <ATen/ops/isclose.h>

#include <algorithm>
#include <string>
#include <utility>

#include "core/log.h"
#include "model/sent.h"
#include "model/torch_wall.h"
#include "vignette/invariant.h"

namespace vignette {
namespace {

constexpr int uses_before_recording = 3;  // recording costs as much as a few steps
constexpr std::size_t columns_count = 4;  // and turns

// A row that the program takes, whatever its family, since it took its neighbour: where it stands must be
// possible, or a GPU would fail for good.
DecodeRow idle_beside(DecodeRow row, SlotId scratch) {
    row.slot = scratch;
    row.position = row.prompt;
    return row;
}

// A recording that makes other numbers must not be trusted. The one wait of a graph's life.
bool same(const at::Tensor& plain, const at::Tensor& replayed) {
    constexpr double relative = 0.01;
    constexpr double absolute = 0.05;
    const at::Tensor close = at::isclose(plain, replayed, relative, absolute, /*equal_nan=*/true);
    return !close.logical_not().any().item<bool>();
}

}  // namespace

std::optional<int> StepGraphs::bucket_of(std::size_t rows) {
    const auto* found = std::ranges::lower_bound(buckets, static_cast<int>(rows));
    if (found == buckets.end()) return std::nullopt;
    return *found;
}

std::optional<at::Tensor> StepGraphs::decode(
    std::span<const DecodeRow> rows, std::span<const std::int64_t> turns, const at::Tensor& tokens,
    const DecodeColumns& decode
) {
    const std::optional<int> bucket = bucket_of(rows.size());
    if (!bucket) return std::nullopt;
    Graph& graph =
        graphs_.at(static_cast<std::size_t>(std::ranges::find(buckets, *bucket) - buckets.begin()));
    if (graph.refused) return std::nullopt;
    if (!graph.recording && ++graph.asked_for < uses_before_recording) return std::nullopt;
    fill(graph, *bucket, rows, turns);
    const auto count = static_cast<std::int64_t>(rows.size());
    if (tokens.defined()) graph.columns.front().narrow(0, 0, count).copy_(tokens);
    at::Tensor logits;
    if (graph.recording) {
        graph.recording->replay();
        logits = graph.logits;
    } else {
        logits = record(graph, *bucket, decode);
    }
    return logits.narrow(0, 0, count);
}

void StepGraphs::fill(
    Graph& graph, int bucket, std::span<const DecodeRow> rows, std::span<const std::int64_t> turns
) const {
    const std::size_t columns = columns_count + (turns.empty() ? 0 : 1);
    if (!graph.numbers.defined()) {
        const auto height = static_cast<std::int64_t>(columns);
        graph.numbers = at::empty({height, bucket}, at::device(device_).dtype(at::kLong));
        graph.columns = graph.numbers.unbind(0);
    }
    const auto count = static_cast<std::size_t>(bucket);
    std::vector<std::int64_t> numbers(columns * count);
    for (std::size_t i = 0; i < count; ++i) {
        const DecodeRow row = i < rows.size() ? rows[i] : idle_beside(rows.front(), scratch_);
        numbers[i] = std::to_underlying(row.token);
        numbers[count + i] = row.position;
        numbers[2 * count + i] = row.prompt;
        numbers[3 * count + i] = std::to_underlying(row.slot);
        if (!turns.empty()) numbers[4 * count + i] = i < turns.size() ? turns[i] : turns.front();
    }
    graph.numbers.copy_(pinned<std::int64_t>(numbers, graph.numbers.sizes(), device_), /*non_blocking=*/true);
}

// The step is also done plainly: for its caller, so that nothing is made for the first time while recording,
// and to hold what the recording makes against it. Done again, it writes the same into the cache.
at::Tensor StepGraphs::record(Graph& graph, int bucket, const DecodeColumns& decode) const {
    at::Tensor plain = decode(graph.columns);
    std::string why = "it makes other numbers";
    try {
        graph.recording = recorder_([&graph, decode] { graph.logits = decode(graph.columns); });
        graph.recording->replay();
        graph.refused = !same(plain, graph.logits);
    } catch (const std::exception& thrown) {
        why = to_error(thrown).message;
        why.resize(std::min(why.find(';'), why.size()));  // the advice is for those whose request failed
        graph.refused = true;
    }
    if (!graph.refused) return plain;
    log_warning("steps of " + std::to_string(bucket) + " rows run without a graph: " + why);
    graph.recording.reset();
    graph.logits.reset();
    return plain;
}

}  // namespace vignette
