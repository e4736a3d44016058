#include "model/start/gpu_room.h"

#include <c10/core/CachingDeviceAllocator.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "model/torch_wall.h"
#include "vignette/bytes.h"

namespace vignette {
namespace {

constexpr std::uint64_t work_bytes_max = 3 * KiB * MiB;  // eight LLaVA-NeXT pictures in one step take less

// Of the one GPU that a process uses.
Mutex& opening() {
    static Mutex mutex;
    return mutex;
}

std::atomic<std::uint64_t>& needed_for_work() {
    static std::atomic<std::uint64_t> bytes = 0;
    return bytes;
}

struct Memory {
    std::uint64_t free = 0;  // what the driver has, and what torch has of it and uses for nothing
    std::uint64_t total = 0;
};

Memory memory_of(const at::Device& device) {
    c10::DeviceAllocator& allocator = *at::getDeviceAllocator(device.type());
    const auto [at_the_driver, total] = allocator.getMemoryInfo(device.index());
    if (!allocator.initialized()) return {.free = at_the_driver, .total = total};
    constexpr auto all = static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE);
    const c10::CachingDeviceAllocator::DeviceStats stats = allocator.getDeviceStats(device.index());
    const std::int64_t unused = stats.reserved_bytes[all].current - stats.allocated_bytes[all].current;
    return {.free = at_the_driver + static_cast<std::uint64_t>(unused), .total = total};
}

}  // namespace

TurnToOpen::TurnToOpen(const at::Device& device) {
    if (!device.is_cpu()) lock_.emplace(opening());
}

Result<void> check_room(
    const Manifest& manifest, const std::filesystem::path& bundle, int slots, const at::Device& device
) {
    if (device.is_cpu()) return {};
    const std::uint64_t weights = TRY(weights_bytes(manifest, bundle));
    const std::uint64_t needed = weights + cache_bytes(manifest, std::max(slots, 1), std::nullopt);
    const Memory memory = TRY(torch_wall([&]() -> Result<Memory> { return memory_of(device); }));
    if (needed <= memory.free) return {};
    const bool never = needed > memory.total;  // then no other model need be let go for it
    return fail(
        never ? ErrorCode::unsupported : ErrorCode::out_of_memory,
        manifest.info.name + " needs " + gib_text(needed) + " of the GPU (" + gib_text(weights) +
            " for its weights) and " +
            (never ? "it has " + gib_text(memory.total) : gib_text(memory.free) + " are free") +
            "; use a larger GPU, or start with fewer slots"
    );
}

FreeOnGpu room_for_slots(const at::Device& device) {
    if (device.is_cpu()) return std::nullopt;
    const std::uint64_t free = memory_of(device).free;
    return free - std::min(free, needed_for_work().load());
}

RoomForWork::RoomForWork(const at::Device& device)
    : bytes_(std::min(room_for_slots(device).value_or(0), work_bytes_max)) {
    needed_for_work() += bytes_;
}

RoomForWork::RoomForWork(RoomForWork&& other) noexcept : bytes_(std::exchange(other.bytes_, 0)) {}

RoomForWork::~RoomForWork() { needed_for_work() -= bytes_; }

}  // namespace vignette
