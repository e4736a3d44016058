#include "app/open_back.h"

#include <dlfcn.h>

#include <bit>
#include <cstdlib>
#include <filesystem>

#include "app/exit_codes.h"
#include "app/load_library.h"
#include "app/preflight/gpu.h"
#include "app/program_paths.h"
#include "core/device/device_choice.h"
#include "core/log.h"

namespace vignette {

namespace {

// Of several GPUs the one with the most free memory, where none was named.
Result<std::string> device_to_use(const std::string& wanted) {
    const DeviceChoice choice = TRY(read_device(wanted));
    if (!choice.may_be_gpu || choice.gpu) return wanted;
    const Result<std::optional<int>> freest = freest_gpu();
    if (!freest || !*freest) return wanted;  // a driver that fails is the captioner's to tell
    log_info(
        "of several GPUs the model takes number " + std::to_string(**freest) +
        ", which has the most free memory"
    );
    return "cuda:" + std::to_string(**freest);
}

}  // namespace

Result<std::unique_ptr<Captioner>> open_back(const CaptionerConfig& config) {
    const std::filesystem::path library = TRY(find_back());
    const std::expected<void*, std::string> handle = load_library(library);
    if (!handle) {
        return fail(
            ErrorCode::unavailable, "the captioner cannot be loaded: " + handle.error() +
                                        "; run `vignette doctor` to see which library is missing"
        );
    }
    void* symbol = dlsym(*handle, open_captioner_symbol);
    if (symbol == nullptr) {
        return fail(
            ErrorCode::unavailable, library.string() +
                                        " belongs to another version of this program (it lacks " +
                                        open_captioner_symbol + "); reinstall both"
        );
    }
    CaptionerConfig chosen = config;
    chosen.device = TRY(device_to_use(config.device));
    return std::bit_cast<OpenCaptioner*>(symbol)(chosen);
}

Result<std::unique_ptr<Captioner>> open_back_unless_stopped(
    const CaptionerConfig& config, const std::stop_token& stop
) {
    const std::stop_callback leave(stop, [] {
        log_info("stopped while the model was loading");
        std::_Exit(exit_fine);
    });
    return open_back(config);
}

}  // namespace vignette
