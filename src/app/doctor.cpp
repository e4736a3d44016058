// `vignette doctor`: what is here, what is missing, what to do about it. Loads nothing heavy.
#include <dlfcn.h>

#include <bit>
#include <cstdio>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "app/commands.h"
#include "app/places.h"

namespace vignette {
namespace {

enum class Verdict { ok, note, missing };

struct Finding {
    Verdict verdict;
    std::string what;
    std::string details;  // with the remedy when something is missing
};

Finding check_back() {
    const Result<std::filesystem::path> back = find_back();
    if (!back) return {Verdict::missing, "captioner", back.error().message};
    return {Verdict::ok, "captioner", back->string()};
}

Finding check_model(const std::string& model) {
    const Result<std::filesystem::path> bundle = find_bundle(model);
    if (!bundle) return {Verdict::missing, "model", bundle.error().message};
    return {Verdict::ok, "model", model + " in " + bundle->string()};
}

Finding check_gpu() {
    void* driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    if (driver == nullptr) return {Verdict::note, "gpu", "no NVIDIA driver; the model runs on the CPU"};
    void* start = dlsym(driver, "cuInit");
    void* count = dlsym(driver, "cuDeviceGetCount");
    int devices = 0;
    const bool works = start != nullptr && count != nullptr &&
                       std::bit_cast<int (*)(unsigned)>(start)(0) == 0 &&
                       std::bit_cast<int (*)(int*)>(count)(&devices) == 0 && devices > 0;
    if (!works) {
        return {
            Verdict::missing, "gpu", "a driver but no usable device; in a container, start it with --gpus all"
        };
    }
    return {Verdict::ok, "gpu", std::to_string(devices) + " device(s)"};
}

Finding check_memory() {
    constexpr long needed_mib = 2048;
    std::ifstream info("/proc/meminfo");
    for (std::string name, rest; info >> name; std::getline(info, rest)) {
        long kib = 0;
        if (name != "MemAvailable:" || !(info >> kib)) continue;
        const long mib = kib / 1024;
        if (mib >= needed_mib) return {Verdict::ok, "memory", std::to_string(mib) + " MiB free"};
        return {
            Verdict::missing, "memory",
            std::to_string(mib) + " MiB free and libtorch alone wants about " + std::to_string(needed_mib) +
                "; end other programs or take a larger machine"
        };
    }
    return {Verdict::note, "memory", "not known here"};
}

const char* mark(Verdict verdict) {
    switch (verdict) {
        case Verdict::ok: return "ok     ";
        case Verdict::note: return "note   ";
        case Verdict::missing: return "MISSING";
    }
    return "";
}

}  // namespace

int doctor(const Options& options) {
    const std::vector<Finding> findings{
        {Verdict::ok, "version", VIGNETTE_VERSION},
        check_back(),
        check_model(options.model),
        check_gpu(),
        {Verdict::ok, "cpu", std::to_string(std::thread::hardware_concurrency()) + " core(s)"},
        check_memory(),
    };
    bool complete = true;
    for (const Finding& finding : findings) {
        std::printf("%s  %-10s %s\n", mark(finding.verdict), finding.what.c_str(), finding.details.c_str());
        complete = complete && finding.verdict != Verdict::missing;
    }
    std::puts(complete ? "\nReady: vignette caption PICTURE" : "\nNot ready: see the lines marked MISSING.");
    return complete ? 0 : 1;
}

}  // namespace vignette
