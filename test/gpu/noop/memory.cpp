// Device memory is address space that nobody may touch, so that 80 GB cost nothing; pinned memory is real.
#include <cuda_runtime_api.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <map>
#include <mutex>

#include "noop.h"

namespace noop {
namespace {

constexpr std::uint64_t context_bytes = std::uint64_t{480} << 20;  // what a context takes of a card, about
constexpr std::uint64_t granule = 2 << 20;                         // what a driver maps at once

std::uint64_t rounded(std::uint64_t bytes) { return (bytes + granule - 1) / granule * granule; }

// Blocks by their addresses. Never destroyed: others free memory after main().
struct Blocks {
    std::mutex mutex;
    std::map<std::uintptr_t, std::uint64_t> bytes;

    bool has(const void* address) {
        const std::lock_guard lock(mutex);
        const auto at = reinterpret_cast<std::uintptr_t>(address);
        const auto after = bytes.upper_bound(at);
        return after != bytes.begin() && at < std::prev(after)->first + std::prev(after)->second;
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

constinit std::uint64_t used = context_bytes;  // all under the mutex of the device's blocks
constinit std::uint64_t peak = 0;
constinit std::uint64_t asked = 0;

}  // namespace

void* allocate(std::size_t wanted) {
    Blocks& blocks = device_blocks();
    const std::uint64_t bytes = rounded(wanted);
    const std::lock_guard lock(blocks.mutex);
    if (is_full_at(++asked) || bytes > card_bytes() - used) return nullptr;
    void* memory = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return nullptr;
    blocks.bytes[reinterpret_cast<std::uintptr_t>(memory)] = bytes;
    used += bytes;
    peak = std::max(peak, used);
    return memory;
}

void release(void* memory) {
    Blocks& blocks = device_blocks();
    const std::lock_guard lock(blocks.mutex);
    const auto found = blocks.bytes.find(reinterpret_cast<std::uintptr_t>(memory));
    if (found == blocks.bytes.end()) return;
    munmap(memory, found->second);
    used -= found->second;
    blocks.bytes.erase(found);
}

bool is_device(const void* address) { return device_blocks().has(address); }

bool is_pinned(const void* address) { return pinned_blocks().has(address); }

std::uint64_t used_bytes() {
    const std::lock_guard lock(device_blocks().mutex);
    return used;
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
    peak = used;
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
    blocks.bytes[reinterpret_cast<std::uintptr_t>(*memory)] = whole;
    return state();
}

cudaError_t cudaFreeHost(void* memory) {
    {
        Blocks& blocks = pinned_blocks();
        const std::lock_guard lock(blocks.mutex);
        blocks.bytes.erase(reinterpret_cast<std::uintptr_t>(memory));
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
    return state();
}

cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t*, int) { return fail(cudaErrorNotSupported); }

}  // extern "C"
