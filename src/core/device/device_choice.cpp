#include "core/device/device_choice.h"

#include <charconv>
#include <string>

namespace vignette {

Result<DeviceChoice> read_device(std::string_view text) {
    if (text == "auto") return DeviceChoice{};
    if (text == "cpu") return DeviceChoice{.may_be_gpu = false};
    if (text == "cuda") return DeviceChoice{.may_be_cpu = false};
    constexpr std::string_view before = "cuda:";
    constexpr int gpus_max = 64;
    if (text.starts_with(before)) {
        const std::string_view digits = text.substr(before.size());
        int number = 0;
        const auto [end, error] = std::from_chars(digits.begin(), digits.end(), number);
        if (error == std::errc() && end == digits.end() && digits.front() != '-' && number < gpus_max)
            return DeviceChoice{.may_be_cpu = false, .gpu = number};
    }
    return fail(
        ErrorCode::usage,
        "`" + std::string(text) + "` is not a device: auto, cpu, cuda, or one of several GPUs as cuda:1"
    );
}

}  // namespace vignette
