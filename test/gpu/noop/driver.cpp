// The driver as far as our preflight and torch ask it. The library carries libcuda's name, so that whoever
// opens that gets this. Declared here and not by cuda.h, which renames half of the functions.
#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "noop.h"

using namespace noop;

namespace {

constexpr int success = 0;
constexpr int invalid_value = 1;
constexpr int illegal_address = 700;

void* const context = reinterpret_cast<void*>(1);

int outcome() { return is_lost() ? illegal_address : success; }

}  // namespace

extern "C" {

int cuInit(unsigned) { return outcome(); }

int cuDriverGetVersion(int* version) {
    *version = 13000;
    return success;
}

int cuDeviceGetCount(int* count) {
    *count = 1;
    return success;
}

int cuDeviceGet(int* device, int) {
    *device = 0;
    return success;
}

int cuDeviceGetName(char* name, int bytes, int) {
    std::snprintf(name, static_cast<std::size_t>(bytes), "%s", card_name());
    return success;
}

int cuDeviceGetAttribute(int* value, int attribute, int) {
    constexpr int major = 75;
    constexpr int minor = 76;
    *value = attribute == major ? card_sm() / 10 : attribute == minor ? card_sm() % 10 : 1024;
    return success;
}

int cuDevicePrimaryCtxGetState(int, unsigned* flags, int* active) {
    *flags = 0;
    *active = 1;
    return success;
}

int cuDevicePrimaryCtxRetain(void** made, int) {
    *made = context;
    return outcome();
}

int cuDevicePrimaryCtxRelease_v2(int) { return success; }
int cuCtxPushCurrent_v2(void*) { return success; }

int cuCtxPopCurrent_v2(void** popped) {
    *popped = context;
    return success;
}

int cuCtxGetCurrent(void** current) {
    *current = context;
    return success;
}

int cuCtxSetCurrent(void*) { return success; }

int cuMemGetInfo_v2(std::size_t* free, std::size_t* total) {
    *total = card_bytes();
    *free = card_bytes() - used_bytes();
    return outcome();
}

// The preflight reads back what it wrote, so this memory is real.
int cuMemAlloc_v2(unsigned long long* address, std::size_t bytes) {
    *address = reinterpret_cast<std::uintptr_t>(std::malloc(bytes));
    return outcome();
}

int cuMemFree_v2(unsigned long long address) {
    std::free(reinterpret_cast<void*>(address));
    return success;
}

int cuMemcpyHtoD_v2(unsigned long long to, const void* from, std::size_t bytes) {
    std::memcpy(reinterpret_cast<void*>(to), from, bytes);
    return outcome();
}

int cuMemcpyDtoH_v2(void* to, unsigned long long from, std::size_t bytes) {
    std::memcpy(to, reinterpret_cast<const void*>(from), bytes);
    return outcome();
}

int cuPointerGetAttribute(void*, int, unsigned long long) { return invalid_value; }

int cuGetErrorName(int error, const char** name) {
    *name = error == illegal_address ? "CUDA_ERROR_ILLEGAL_ADDRESS" : "CUDA_ERROR_UNKNOWN";
    return success;
}

int cuGetErrorString(int error, const char** text) { return cuGetErrorName(error, text); }

}  // extern "C"
