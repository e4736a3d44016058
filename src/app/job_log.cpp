#include "app/job_log.h"

#include <string>

#include "core/enum_text.h"
#include "core/log.h"

namespace vignette {

void log_job(std::string_view id, const Result<Caption>& outcome) {
    if (!outcome) {
        const Error& error = outcome.error();
        log_debug(error.message, id);
        std::string line = "job_failed code=" + std::string(to_text(error.code));
        if (!error.field.empty()) line += " field=" + error.field;
        return log_warning(line, id);
    }
    for (const Warning& warning : outcome->warnings) log_debug(warning.field + ": " + warning.message, id);
    log_info(
        "job_done ms=" + std::to_string(outcome->timings.total.count() / 1000) + " tokens=" +
            std::to_string(outcome->tokens.size()) + " warnings=" + std::to_string(outcome->warnings.size()),
        id
    );
}

void log_film(std::string_view id, const FilmAnswer& answer, const Result<FilmInfo>& info) {
    for (const auto& [index, error] : answer.errors)
        log_job(std::string(id) + "[" + std::to_string(index) + "]", std::unexpected(error));
    if (!info) return log_job(id, std::unexpected(info.error()));
    for (const Warning& warning : info->warnings) log_debug(warning.field + ": " + warning.message, id);
    log_info("job_done frames=" + std::to_string(answer.timestamps.size()), id);
}

std::string with_code(const Error& error) {
    return error.message + " (" + std::string(to_text(error.code)) + ")";
}

}  // namespace vignette
