// Compares what the driver reports with what the operator wants and the model needs.
#include <algorithm>

#include "app/preflight/checks.h"
#include "bundle/footprint.h"
#include "core/device/device_choice.h"
#include "vignette/bytes.h"

namespace vignette {
namespace {

constexpr std::uint64_t work_bytes = 512 * MiB;  // of one step: activations, cuBLAS' workspace, kernels
constexpr const char* why_skipped = "not checked: RUNPOD_SKIP_GPU_CHECK";

std::string capability_text(int architecture) {
    return std::to_string(architecture / 10) + "." + std::to_string(architecture % 10);
}

Check no_gpu(const PreflightOptions& options, const std::string& why) {
    if (!options.gpu_required) return noted("gpu", why + "; the model runs on the CPU");
    return failed(
        "gpu", why + ", and one is required (device cuda, or RUNPOD_GPU_COUNT)",
        "start the container with --gpus all on a machine with an NVIDIA GPU, or choose --device cpu"
    );
}

// Attention over the slots is torch's flash kernel, which older architectures lack.
Check check_devices(const Gpus& gpus, const Gpu& used) {
    constexpr int architecture_min = 80;
    if (used.architecture < architecture_min) {
        return failed(
            "gpu",
            used.name + " has compute capability " + capability_text(used.architecture) + " and at least " +
                capability_text(architecture_min) + " is needed",
            "use a GPU of NVIDIA's Ampere generation or newer (A10, L4, RTX 30 and later), or choose "
            "--device cpu"
        );
    }
    std::string names;
    for (const Gpu& gpu : gpus.devices) names += (names.empty() ? "" : ", ") + gpu.name;
    return passed("gpu", std::to_string(gpus.devices.size()) + " device(s) passed a memory test: " + names);
}

Check check_cuda(int has, int wanted) {
    const std::string speaks = "the driver supports CUDA up to " + cuda_text(has);
    if (has >= wanted) return passed("cuda", speaks);
    return failed(
        "cuda", speaks + " and at least " + cuda_text(wanted) + " is needed",
        "update the NVIDIA driver (CUDA 12 needs 525, CUDA 13 needs 580 or newer), on RunPod allow only "
        "machines with CUDA " +
            cuda_text(wanted) + " or newer, or choose --device cpu"
    );
}

Check check_gpu_memory(const PreflightOptions& options, const Gpu& gpu, const ModelNeeds& needs) {
    const std::uint64_t kept = 2 * options.vision_cache_bytes;  // of pictures, and of prompts
    const std::uint64_t fixed = needs.weights_bytes + kept;
    const std::uint64_t left = gpu.free_bytes - std::min(gpu.free_bytes, fixed);
    const std::uint64_t cache = cache_bytes(needs.manifest, options.slots, left) + kept;
    const std::uint64_t needed = needs.weights_bytes + cache + work_bytes;
    const std::string found = gib_text(gpu.free_bytes) + " of " + gib_text(gpu.total_bytes) + " free";
    const std::string wants = gib_text(needed) + " needed (weights " + gib_text(needs.weights_bytes) +
                              ", cache " + gib_text(cache) + ", work " + gib_text(work_bytes) + ")";
    if (gpu.free_bytes >= needed) return passed("gpu_memory", found + ", " + wants);
    return failed(
        "gpu_memory", found + " on " + gpu.name + ", " + wants,
        "stop other programs on this GPU, use a larger one, or lower VIGNETTE_SLOTS or "
        "VIGNETTE_VISION_CACHE_MIB"
    );
}

}  // namespace

std::vector<Check> check_gpus(
    const PreflightOptions& options, const Result<Gpus>& gpus, const std::optional<ModelNeeds>& needs
) {
    if (options.skip_gpu) return {noted("gpu", why_skipped)};
    if (options.device == "cpu") return {noted("gpu", "not used: the device is cpu")};
    if (!gpus) return {failed("gpu", gpus.error())};
    if (!gpus->driver) return {no_gpu(options, "no NVIDIA driver (libcuda.so.1)")};
    if (gpus->devices.empty()) return {no_gpu(options, "an NVIDIA driver but no device")};
    const Result<DeviceChoice> choice = read_device(options.device);
    if (!choice) return {failed("gpu", choice.error())};
    const auto count = static_cast<int>(gpus->devices.size());
    const int number = choice->gpu.value_or(freest_of(gpus->devices));
    if (number >= count) {
        return {failed(
            "gpu",
            "there is no GPU " + std::to_string(number) + ": the driver counts " + std::to_string(count) +
                ", from 0",
            "choose --device cuda, or one that is there"
        )};
    }
    const Gpu& used = gpus->devices[static_cast<std::size_t>(number)];
    std::vector<Check> checks{check_devices(*gpus, used)};
    if (options.skip_system) return checks;
    checks.push_back(check_cuda(gpus->cuda_version, options.cuda_version_min));
    if (needs) checks.push_back(check_gpu_memory(options, used, *needs));
    return checks;
}

}  // namespace vignette
