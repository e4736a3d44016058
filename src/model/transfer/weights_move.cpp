#include "model/transfer/weights_move.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "core/host/host_memory.h"
#include "core/log.h"
#include "core/memory/huge_pages.h"
#include "core/stopwatch.h"

namespace vignette {
namespace {

constexpr std::size_t piece_bytes = 16 * huge_page;  // what is in memory twice at a time

const std::byte* end_of(std::span<const std::byte> bytes) { return bytes.data() + bytes.size(); }

// In one piece what lies close together, since a huge page holds parts of several tensors, and small ones in
// between that need not move.
MappedWeights join_neighbours(MappedWeights weights) {
    std::ranges::sort(weights, {}, [](const MappedTensor& one) { return one.bytes.data(); });
    MappedWeights joined;
    for (MappedTensor& one : weights) {
        const bool is_near = !joined.empty() && joined.back().file == one.file &&
                             one.bytes.data() < end_of(joined.back().bytes) + huge_page;
        if (is_near) {
            joined.back().bytes = {joined.back().bytes.data(), end_of(one.bytes)};  // tensors never overlap
        } else {
            joined.push_back(std::move(one));
        }
    }
    return joined;
}

MappedWeights whole_pages(MappedWeights weights) {
    MappedWeights whole = join_neighbours(std::move(weights));
    for (MappedTensor& one : whole) one.bytes = whole_huge_pages(one.bytes);
    return whole;
}

std::size_t bytes_in(const MappedWeights& weights) {
    std::size_t sum = 0;
    for (const MappedTensor& one : weights) sum += one.bytes.size();
    return sum;
}

std::string mib(std::uint64_t bytes) { return std::to_string(bytes / MiB) + " MiB"; }

// A mapped file's pages can be dropped when memory is short, and these cannot.
bool has_room(std::size_t bytes) {
    const std::optional<HostMemory> memory = host_memory();
    if (!memory || memory->available_bytes >= bytes + bytes / 4) return true;
    log_info(
        "the weights stay in their mapped file: in memory of their own steps would be faster, but that "
        "takes " +
        mib(bytes + bytes / 4) + " and " + mib(memory->available_bytes) + " are available"
    );
    return false;
}

}  // namespace

std::size_t move_weights(MappedWeights weights, const std::stop_token& stop) {
    std::size_t moved = 0;
    for (const MappedTensor& one : whole_pages(std::move(weights))) {
        std::span<const std::byte> rest = one.bytes;
        while (!rest.empty()) {
            const std::span<const std::byte> piece = rest.first(std::min(piece_bytes, rest.size()));
            if (stop.stop_requested() || !move_to_huge_pages(piece)) return moved;
            moved += piece.size();
            rest = rest.subspan(piece.size());
        }
    }
    return moved;
}

WeightsMove::WeightsMove(MappedWeights weights) {
    const std::size_t bytes = bytes_in(whole_pages(weights));
    if (bytes == 0 || !has_huge_pages() || !has_room(bytes)) return;
    try {
        thread_ = std::jthread([weights = std::move(weights)](const std::stop_token& stop) mutable {
            const Stopwatch watch;
            const std::size_t moved = move_weights(std::move(weights), stop);
            log_debug(
                mib(moved) + " of weights are in huge pages after " + seconds_text(watch.total()) + " s"
            );
        });
    } catch (const std::system_error&) {
        log_info("the weights stay in their mapped file: the system has no thread to move them");
    }
}

}  // namespace vignette
