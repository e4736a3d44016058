// The card that is played, and whether it still works.
#include <cuda_runtime_api.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "noop.h"

namespace noop {
namespace {

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const char* text = std::getenv(variable);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 0);
}

constinit std::atomic<bool> lost = false;
constinit thread_local cudaError_t last_error = cudaSuccess;
constinit thread_local bool in_capture = false;
constinit thread_local int current = 0;

// Of an architecture, what torch chooses its kernels by.
struct Chip {
    int processors;
    int threads;        // of a multiprocessor
    int shared;         // bytes of a multiprocessor
    int shared_opt_in;  // bytes of a block that asks for more than the usual 48 KiB
    int cache;          // bytes, L2
};

Chip chip() {
    switch (card_sm()) {
        case 75: return {40, 1024, 65536, 65536, 4 << 20};
        case 80: return {108, 2048, 167936, 166912, 40 << 20};
        case 89: return {128, 1536, 102400, 101376, 72 << 20};
        default: return {132, 2048, 233472, 232448, 50 << 20};
    }
}

}  // namespace

std::uint64_t card_bytes() {
    static const std::uint64_t bytes = number_from("VIGNETTE_NOOP_MIB", 81559) << 20;
    return bytes;
}

int cards() {
    static const int count = static_cast<int>(number_from("VIGNETTE_NOOP_CARDS", 1));
    return count;
}

std::uint64_t taken_bytes() {
    static const std::uint64_t bytes = number_from("VIGNETTE_NOOP_TAKEN_MIB", 0) << 20;
    return bytes;
}

int current_card() { return current; }

void set_current_card(int card) { current = card; }

int card_sm() {
    static const int sm = static_cast<int>(number_from("VIGNETTE_NOOP_SM", 90));
    return sm;
}

const char* card_name() {
    static const std::string name =
        "No-op card, sm_" + std::to_string(card_sm()) + ", " + std::to_string(card_bytes() >> 20) + " MiB";
    return name.c_str();
}

std::uint32_t downloaded_word() {
    static const auto word = static_cast<std::uint32_t>(number_from("VIGNETTE_NOOP_WORD", 0));
    return word;
}

bool is_lost() { return lost; }

void note_download() {
    static const std::uint64_t lost_at = number_from("VIGNETTE_NOOP_LOST_AT", 0);
    if (counters.copies_down == lost_at) lost = true;
}

bool has_room_for_graphs() {
    static const bool has = number_from("VIGNETTE_NOOP_NO_GRAPHS", 0) == 0;
    return has;
}

bool is_full_at(std::uint64_t allocation) {
    static const std::uint64_t full_at = number_from("VIGNETTE_NOOP_FULL_AT", 0);
    return full_at > 0 && allocation >= full_at && allocation < full_at + 3;
}

cudaError_t fail(cudaError_t error) { return last_error = error; }

cudaError_t state() { return lost ? fail(cudaErrorIllegalAddress) : cudaSuccess; }

bool capturing() { return in_capture; }

void set_capturing(bool on) { in_capture = on; }

bool refused_in_capture(const char* call) {
    if (!in_capture) return false;
    count(counters.illegal);
    std::fprintf(stderr, "no-op CUDA: %s while a graph is captured\n", call);
    fail(cudaErrorStreamCaptureUnsupported);
    return true;
}

void* new_handle() {
    static Counter next = 4096;
    return reinterpret_cast<void*>(next.fetch_add(64));
}

}  // namespace noop

using namespace noop;

extern "C" {

cudaError_t cudaGetDeviceCount(int* count) {
    *count = cards();
    return cudaSuccess;
}

cudaError_t cudaGetDevice(int* device) {
    *device = current_card();
    return cudaSuccess;
}

cudaError_t cudaSetDevice(int device) {
    set_current_card(device);
    return cudaSuccess;
}

cudaError_t cudaDriverGetVersion(int* version) {
    *version = CUDART_VERSION;
    return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int* version) { return cudaDriverGetVersion(version); }

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* made, int) {
    const Chip card = chip();
    *made = {};
    std::strncpy(made->name, card_name(), sizeof made->name - 1);
    made->totalGlobalMem = card_bytes();
    made->major = card_sm() / 10;
    made->minor = card_sm() % 10;
    made->multiProcessorCount = card.processors;
    made->maxThreadsPerMultiProcessor = card.threads;
    made->sharedMemPerMultiprocessor = static_cast<std::size_t>(card.shared);
    made->sharedMemPerBlockOptin = static_cast<std::size_t>(card.shared_opt_in);
    made->sharedMemPerBlock = 48 << 10;
    made->regsPerBlock = made->regsPerMultiprocessor = 65536;
    made->warpSize = 32;
    made->maxThreadsPerBlock = made->maxThreadsDim[0] = made->maxThreadsDim[1] = 1024;
    made->maxThreadsDim[2] = 64;
    made->maxGridSize[0] = 0x7fffffff;
    made->maxGridSize[1] = made->maxGridSize[2] = 65535;
    made->maxBlocksPerMultiProcessor = 32;
    made->l2CacheSize = card.cache;
    made->totalConstMem = 65536;
    made->textureAlignment = 512;
    made->unifiedAddressing = made->concurrentKernels = 1;
    made->asyncEngineCount = 2;
    return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int) {
    const Chip card = chip();
    switch (attribute) {
        case cudaDevAttrMultiProcessorCount: *value = card.processors; break;
        case cudaDevAttrMaxThreadsPerMultiProcessor: *value = card.threads; break;
        case cudaDevAttrMaxSharedMemoryPerMultiprocessor: *value = card.shared; break;
        case cudaDevAttrMaxSharedMemoryPerBlockOptin: *value = card.shared_opt_in; break;
        case cudaDevAttrMaxSharedMemoryPerBlock: *value = 48 << 10; break;
        case cudaDevAttrComputeCapabilityMajor: *value = card_sm() / 10; break;
        case cudaDevAttrComputeCapabilityMinor: *value = card_sm() % 10; break;
        case cudaDevAttrMaxThreadsPerBlock:
        case cudaDevAttrMaxBlockDimX:
        case cudaDevAttrMaxBlockDimY: *value = 1024; break;
        case cudaDevAttrWarpSize: *value = 32; break;
        case cudaDevAttrMaxGridDimX: *value = 0x7fffffff; break;
        case cudaDevAttrMaxGridDimY:
        case cudaDevAttrMaxGridDimZ: *value = 65535; break;
        default: *value = 0;
    }
    return cudaSuccess;
}

cudaError_t cudaDeviceCanAccessPeer(int* can, int, int) {
    *can = 0;
    return cudaSuccess;
}

cudaError_t cudaDeviceGetPCIBusId(char* text, int bytes, int) {
    std::snprintf(text, static_cast<std::size_t>(bytes), "0000:00:00.0");
    return cudaSuccess;
}

cudaError_t cudaGetLastError() {
    const cudaError_t error = is_lost() ? cudaErrorIllegalAddress : last_error;
    last_error = cudaSuccess;
    return error;
}

cudaError_t cudaPeekAtLastError() { return is_lost() ? cudaErrorIllegalAddress : last_error; }

const char* cudaGetErrorName(cudaError_t error) {
    switch (error) {
        case cudaErrorIllegalAddress: return "cudaErrorIllegalAddress";
        case cudaErrorMemoryAllocation: return "cudaErrorMemoryAllocation";
        case cudaErrorStreamCaptureUnsupported: return "cudaErrorStreamCaptureUnsupported";
        default: return "cudaErrorUnknown";
    }
}

const char* cudaGetErrorString(cudaError_t error) {
    switch (error) {
        case cudaErrorIllegalAddress: return "an illegal memory access was encountered";
        case cudaErrorMemoryAllocation: return "out of memory";
        case cudaErrorStreamCaptureUnsupported: return "operation not permitted when stream is capturing";
        default: return "an error that the no-op runtime has no words for";
    }
}

}  // extern "C"
