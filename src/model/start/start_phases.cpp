#include "model/start/start_phases.h"

#include <array>
#include <chrono>
#include <cstdio>

#include "core/log.h"

namespace vignette {
namespace {

std::string seconds(std::chrono::microseconds time) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.2f", std::chrono::duration<double>(time).count());
    return text.data();
}

}  // namespace

void StartPhases::ended(std::string_view phase) {
    if (!parts_.empty()) parts_ += ", ";
    parts_ += std::string(phase) + " " + seconds(watch_.lap());
}

void StartPhases::tell(const std::string& model, const ModelOptions& options) const {
    const std::string line =
        "model " + model + " is loaded after " + seconds(watch_.total()) + " s: " + parts_;
    if (options.tells_start) {
        log_info(line);
    } else {
        log_debug(line);
    }
}

}  // namespace vignette
