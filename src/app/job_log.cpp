#include "app/job_log.h"

#include <string>

#include "core/log.h"
#include "core/texts.h"

namespace vignette {

void log_job(std::string_view id, const Result<Caption>& outcome) {
    std::string line = outcome ? "job_done id=" : "job_failed id=";
    line += id;
    if (!outcome) {
        line += " code=";
        line += to_text(outcome.error().code);
        line += " message=\"" + outcome.error().message + "\"";
        return log_error(line);
    }
    const auto milliseconds = outcome->timings.total.count() / 1000;
    line += " ms=" + std::to_string(milliseconds) + " tokens=" + std::to_string(outcome->tokens.size());
    for (const Warning& warning : outcome->warnings) log_warning(warning.field + ": " + warning.message);
    log_info(line);
}

}  // namespace vignette
