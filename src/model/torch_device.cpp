#include "model/torch_device.h"

#include <ATen/Parallel.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/csrc/api/include/torch/cuda.h>

#include <utility>

#include "core/device/device_choice.h"
#include "core/environment.h"
#include "core/host/cores.h"
#include "model/torch_wall.h"

namespace vignette {

Result<at::Device> select_device(const std::string& wanted) {
    const DeviceChoice choice = TRY(read_device(wanted));
    if (!choice.may_be_gpu) return at::Device(at::kCPU);
    const int count = torch::cuda::is_available() ? static_cast<int>(torch::cuda::device_count()) : 0;
    const int number = choice.gpu.value_or(0);
    if (number < count) return at::Device(at::kCUDA, static_cast<at::DeviceIndex>(number));
    if (choice.may_be_cpu) return at::Device(at::kCPU);
    if (count > 0) {
        return fail(
            ErrorCode::unavailable, "there is no GPU " + std::to_string(number) + " among the " +
                                        std::to_string(count) +
                                        " of this machine, which count from 0; vignette doctor lists them"
        );
    }
    return fail(
        ErrorCode::unavailable,
        "no CUDA device can be used; start the container with --gpus all, or choose the device cpu or auto "
        "(vignette doctor shows details)"
    );
}

std::string to_text(const at::Device& device) {
    if (device.is_cpu()) return "cpu";
    return device.index() > 0 ? "cuda:" + std::to_string(device.index()) : "cuda";
}

Result<c10::Stream> own_stream(const at::Device& device) {
    return torch_wall([&]() -> Result<c10::Stream> {
        const c10::impl::VirtualGuardImpl guard(device.type());
        return device.is_cpu() ? guard.getStream(device) : guard.getStreamFromGlobalPool(device);
    });
}

void wait_for(const at::Device& device) {
    if (device.is_cpu()) return;
    const c10::impl::VirtualGuardImpl guard(device.type());
    guard.synchronizeStream(guard.getStream(device));
}

Error examine(Error error, const at::Device& device) {
    if (device.is_cpu() || error.code == ErrorCode::device_lost) return error;
    try {
        wait_for(device);
        return error;
    } catch (const std::exception& lost) {
        return {
            .code = ErrorCode::device_lost,
            .message = "the GPU failed and answers nothing any more: " + to_error(lost).message +
                       "; send the job again, and start this process anew",
            .field = {}
        };
    }
}

// Torch counts the cores on which it may run, two hyperthreads as one, but knows nothing of a container's
// quota: where that is less, there are fewer threads. Torch's own count stands for the affinity mask, which
// here may be a single core: OpenMP binds the thread that loads it, if it is told to bind threads
// (OMP_PROC_BIND). Torch's variables are an operator's word as much as --threads is: whoever sets them means
// this container.
void set_threads(int threads) {
    if (threads == 0 && variable("OMP_NUM_THREADS").empty() && variable("MKL_NUM_THREADS").empty()) {
        HostCores cores = host_cores();
        cores.allowed = at::get_num_threads();
        if (cores.usable() < cores.allowed) threads = cores.usable();
    }
    if (threads > 0) at::set_num_threads(threads);
}

void take_over_thread_count() {
    thread_local const bool taken = [] {
        at::init_num_threads();
        return true;
    }();
    (void)taken;
}

}  // namespace vignette
