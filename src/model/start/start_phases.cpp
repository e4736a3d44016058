#include "model/start/start_phases.h"

#include "core/log.h"

namespace vignette {

void StartPhases::ended(std::string_view phase) {
    if (!parts_.empty()) parts_ += ", ";
    parts_ += std::string(phase) + " " + seconds_text(watch_.lap());
}

void StartPhases::tell(const std::string& model, const ModelOptions& options) const {
    const std::string line =
        "model " + model + " is loaded after " + seconds_text(watch_.total()) + " s: " + parts_;
    if (options.tells_start) {
        log_info(line);
    } else {
        log_debug(line);
    }
}

}  // namespace vignette
