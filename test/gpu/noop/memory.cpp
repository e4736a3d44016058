// Device memory is address space that nobody may touch, so that 80 GB cost nothing; pinned memory is real.
#include <cuda_runtime_api.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>

#include "noop.h"

namespace noop {
namespace {

constexpr std::uint64_t context_bytes = std::uint64_t{480} << 20;  // what a context takes of a card, about
constexpr std::uint64_t granule = 2 << 20;                         // what a driver maps at once

std::uint64_t rounded(std::uint64_t bytes) { return (bytes + granule - 1) / granule * granule; }

// Blocks by their addresses. Never destroyed: others free memory after main().
struct Block {
    std::uint64_t bytes = 0;
    int card = 0;
};

struct Blocks {
    std::mutex mutex;
    std::map<std::uintptr_t, Block> all;

    std::optional<Block> of(const void* address) {
        const std::lock_guard lock(mutex);
        const auto at = reinterpret_cast<std::uintptr_t>(address);
        const auto after = all.upper_bound(at);
        if (after == all.begin() || at >= std::prev(after)->first + std::prev(after)->second.bytes)
            return std::nullopt;
        return std::prev(after)->second;
    }
};

Blocks& device_blocks() {
    static auto* blocks = new Blocks;
    return *blocks;
}

Blocks& pinned_blocks() {
    static auto* blocks = new Blocks;
    return *blocks;
}

constinit std::array<std::uint64_t, 8> used{};  // by card; all under the mutex of the device's blocks
constinit std::uint64_t peak = 0;
constinit std::uint64_t asked = 0;

std::uint64_t used_of(int card) {
    return context_bytes + used.at(static_cast<std::size_t>(card)) + (card == 0 ? taken_bytes() : 0);
}

}  // namespace

void* allocate(std::size_t wanted) {
    Blocks& blocks = device_blocks();
    const std::uint64_t bytes = rounded(wanted);
    const std::lock_guard lock(blocks.mutex);
    const int card = current_card();
    if (is_full_at(++asked) || bytes > card_bytes() - used_of(card)) return nullptr;
    void* memory = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return nullptr;
    blocks.all[reinterpret_cast<std::uintptr_t>(memory)] = {.bytes = bytes, .card = card};
    used.at(static_cast<std::size_t>(card)) += bytes;
    peak = std::max(peak, used_of(card));
    return memory;
}

void release(void* memory) {
    Blocks& blocks = device_blocks();
    const std::lock_guard lock(blocks.mutex);
    const auto found = blocks.all.find(reinterpret_cast<std::uintptr_t>(memory));
    if (found == blocks.all.end()) return;
    const auto [bytes, card] = found->second;
    munmap(memory, bytes);
    used.at(static_cast<std::size_t>(card)) -= bytes;
    blocks.all.erase(found);
}

bool is_device(const void* address) { return device_blocks().of(address).has_value(); }

bool is_pinned(const void* address) { return pinned_blocks().of(address).has_value(); }

int card_of(const void* address) { return device_blocks().of(address).value_or(Block{}).card; }

std::uint64_t used_bytes() {
    const std::lock_guard lock(device_blocks().mutex);
    return used_of(current_card());
}

std::uint64_t peak_bytes() {
    const std::lock_guard lock(device_blocks().mutex);
    return peak;
}

std::uint64_t allocations() {
    const std::lock_guard lock(device_blocks().mutex);
    return asked;
}

void restart_peak() {
    const std::lock_guard lock(device_blocks().mutex);
    peak = used_of(current_card());
}

}  // namespace noop

using namespace noop;

extern "C" {

cudaError_t cudaMalloc(void** memory, std::size_t bytes) {
    if (is_lost()) return state();
    *memory = allocate(bytes);
    return *memory == nullptr ? fail(cudaErrorMemoryAllocation) : cudaSuccess;
}

cudaError_t cudaFree(void* memory) {
    release(memory);
    return state();
}

cudaError_t cudaHostAlloc(void** memory, std::size_t bytes, unsigned) {
    constexpr std::size_t page = 4096;
    const std::size_t whole = (bytes + page - 1) / page * page;
    *memory = std::aligned_alloc(page, whole);
    if (*memory == nullptr) return fail(cudaErrorMemoryAllocation);
    Blocks& blocks = pinned_blocks();
    const std::lock_guard lock(blocks.mutex);
    blocks.all[reinterpret_cast<std::uintptr_t>(*memory)] = {.bytes = whole};
    return state();
}

cudaError_t cudaFreeHost(void* memory) {
    {
        Blocks& blocks = pinned_blocks();
        const std::lock_guard lock(blocks.mutex);
        blocks.all.erase(reinterpret_cast<std::uintptr_t>(memory));
    }
    std::free(memory);
    return cudaSuccess;
}

cudaError_t cudaHostRegister(void*, std::size_t, unsigned) { return state(); }

cudaError_t cudaHostUnregister(void*) { return state(); }

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
    *total = card_bytes();
    *free = card_bytes() - used_bytes();
    return state();
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* made, const void* address) {
    *made = {};
    made->type = is_device(address)   ? cudaMemoryTypeDevice
                 : is_pinned(address) ? cudaMemoryTypeHost
                                      : cudaMemoryTypeUnregistered;
    made->device = card_of(address);
    return state();
}

cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t*, int) { return fail(cudaErrorNotSupported); }

}  // extern "C"
