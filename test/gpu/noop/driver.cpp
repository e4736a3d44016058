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

constinit thread_local int before = 0;  // the last push

void* context_of(int device) { return reinterpret_cast<void*>(static_cast<std::uintptr_t>(device) + 1); }

int outcome() { return is_lost() ? illegal_address : success; }

}  // namespace

extern "C" {

int cuInit(unsigned) { return outcome(); }

int cuDriverGetVersion(int* version) {
    *version = 13000;
    return success;
}

int cuDeviceGetCount(int* count) {
    *count = cards();
    return success;
}

int cuDeviceGet(int* device, int ordinal) {
    *device = ordinal;
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

int cuDevicePrimaryCtxRetain(void** made, int device) {
    *made = context_of(device);
    return outcome();
}

int cuDevicePrimaryCtxRelease_v2(int) { return success; }

int cuCtxSetCurrent(void* context) {
    set_current_card(static_cast<int>(reinterpret_cast<std::uintptr_t>(context)) - 1);
    return success;
}

int cuCtxPushCurrent_v2(void* context) {
    before = current_card();
    return cuCtxSetCurrent(context);
}

int cuCtxPopCurrent_v2(void** popped) {
    *popped = context_of(current_card());
    set_current_card(before);
    return success;
}

int cuCtxGetCurrent(void** current) {
    *current = context_of(current_card());
    return success;
}

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
