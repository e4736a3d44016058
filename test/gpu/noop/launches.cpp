// Kernels: launched, counted, and not run. The names with underscores are what the CUDA compiler calls.
#include <cuda_runtime_api.h>

#include <vector>

#include "noop.h"

using namespace noop;

namespace {

// What <<<…>>> says is kept between the two calls that the compiler makes of it.
struct Configuration {
    dim3 grid;
    dim3 block;
    std::size_t shared;
    void* stream;
};

thread_local std::vector<Configuration> configurations;

cudaError_t launched() {
    count(counters.kernels);
    return state();
}

int nothing() { return 0; }

}  // namespace

extern "C" {

void** __cudaRegisterFatBinary(void*) {
    static void* handle = nullptr;
    return &handle;
}

void __cudaRegisterFatBinaryEnd(void**) {}

void __cudaUnregisterFatBinary(void**) {}

void __cudaRegisterFunction(void**, const char*, char*, const char*, int, uint3*, uint3*, dim3*, dim3*, int*) {
}

void __cudaRegisterVar(void**, char*, char*, const char*, int, std::size_t, int, int) {}

unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, std::size_t shared, void* stream) {
    configurations.push_back({grid, block, shared, stream});
    return 0;
}

cudaError_t __cudaPopCallConfiguration(dim3* grid, dim3* block, std::size_t* shared, void* stream) {
    const Configuration& said = configurations.back();
    *grid = said.grid;
    *block = said.block;
    *shared = said.shared;
    *static_cast<void**>(stream) = said.stream;
    configurations.pop_back();
    return cudaSuccess;
}

cudaError_t __cudaGetKernel(cudaKernel_t* kernel, const void* function) {
    *kernel = static_cast<cudaKernel_t>(const_cast<void*>(function));
    return cudaSuccess;
}

cudaError_t __cudaLaunchKernel(cudaKernel_t, dim3, dim3, void**, std::size_t, cudaStream_t) {
    return launched();
}

cudaError_t cudaLaunchKernel(const void*, dim3, dim3, void**, std::size_t, cudaStream_t) {
    return launched();
}

cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_t*, const void*, void**) { return launched(); }

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* made, const void*) {
    *made = {};
    made->maxThreadsPerBlock = 1024;
    made->numRegs = 32;
    // Torch's wheels have no code of its own for sm_89, which runs that for sm_86.
    made->binaryVersion = made->ptxVersion = card_sm() == 89 ? 86 : card_sm();
    return state();
}

cudaError_t cudaFuncSetAttribute(const void*, cudaFuncAttribute, int) { return state(); }

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
    int* blocks, const void*, int, std::size_t, unsigned
) {
    *blocks = 2;
    return state();
}

cudaError_t cudaGetSymbolAddress(void** address, const void*) {
    static char symbols[1 << 16];
    *address = symbols;
    return state();
}

// Optional functions of the driver, which succeed at nothing.
cudaError_t cudaGetDriverEntryPointByVersion(
    const char*, void** function, unsigned, unsigned long long, cudaDriverEntryPointQueryResult* result
) {
    *function = reinterpret_cast<void*>(nothing);
    if (result != nullptr) *result = cudaDriverEntryPointSuccess;
    return cudaSuccess;
}

// cuDNN has a runtime of its own that is not played, so convolutions go to torch's kernels and cuBLAS.
bool _ZNK2at7Context16userEnabledCuDNNEv() { return false; }

}  // extern "C"
