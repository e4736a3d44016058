// The GPUs as NVIDIA's driver reports them, without the CUDA toolkit: which there are, and whether each
// really stores and returns data. Any thread; nothing is held afterwards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "vignette/error.h"

namespace vignette {

struct Gpu {
    std::string name;
    int architecture = 0;  // 80 is compute capability 8.0
    std::uint64_t free_bytes = 0;
    std::uint64_t total_bytes = 0;
    bool operator==(const Gpu&) const = default;
};

struct Gpus {
    bool driver = false;   // false: libcuda is missing, and the rest is empty
    int cuda_version = 0;  // the newest CUDA version the driver supports: 13000 is 13.0
    std::vector<Gpu> devices;
};

// The driver functions we call, as cuda.h declares them, with CUresult and CUdevice as int.
struct GpuDriver {
    int (*init)(unsigned flags) = nullptr;
    int (*version)(int* version) = nullptr;
    int (*count)(int* devices) = nullptr;
    int (*device)(int* device, int ordinal) = nullptr;
    int (*name)(char* name, int bytes, int device) = nullptr;
    int (*attribute)(int* value, int attribute, int device) = nullptr;
    int (*retain)(void** context, int device) = nullptr;
    int (*release)(int device) = nullptr;
    int (*push)(void* context) = nullptr;
    int (*pop)(void** context) = nullptr;
    int (*memory)(std::size_t* free, std::size_t* total) = nullptr;
    int (*allocate)(unsigned long long* address, std::size_t bytes) = nullptr;
    int (*free)(unsigned long long address) = nullptr;
    int (*write)(unsigned long long address, const void* from, std::size_t bytes) = nullptr;
    int (*read)(void* to, unsigned long long address, std::size_t bytes) = nullptr;
    int (*error_name)(int error, const char** name) = nullptr;
};

// A missing driver or device is a value. Any other failure is an error that names the call, the device and
// CUDA's name for what went wrong.
// A look (not a trial) can be taken while the GPU computes. After a trial an only GPU is ready for work.
enum class GpuCheck { trial, look };
Result<Gpus> probe_gpus(GpuCheck how = GpuCheck::trial);
Result<Gpus> probe_gpus(const GpuDriver& driver, GpuCheck how = GpuCheck::trial);

// The number of the one with the most free memory; none where there is no choice, which is found out without
// touching a GPU.
Result<std::optional<int>> freest_gpu();
Result<std::optional<int>> freest_gpu(const GpuDriver& driver);
int freest_of(const std::vector<Gpu>& gpus);  // of at least one

}  // namespace vignette
