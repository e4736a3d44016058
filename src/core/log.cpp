#include "core/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "vignette/invariant.h"

namespace vignette {
namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
    switch (level) {
        case LogLevel::debug: return spdlog::level::debug;
        case LogLevel::info: return spdlog::level::info;
        case LogLevel::warning: return spdlog::level::warn;
        case LogLevel::error: return spdlog::level::err;
        case LogLevel::off: return spdlog::level::off;
    }
    panic("LogLevel out of range");
}

// A line stays a line whatever a stranger put into a name or an id.
std::string one_line(std::string_view line) {
    std::string clean(line);
    std::ranges::replace_if(clean, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
    return clean;
}

}  // namespace

void start_logging(LogLevel level) {
    spdlog::set_default_logger(spdlog::stderr_color_mt("vignette"));
    spdlog::set_pattern("%H:%M:%S.%e %^%l%$ %v");
    spdlog::set_level(to_spdlog(level));
}

void log_debug(std::string_view line) { spdlog::debug(one_line(line)); }
void log_info(std::string_view line) { spdlog::info(one_line(line)); }
void log_warning(std::string_view line) { spdlog::warn(one_line(line)); }
void log_error(std::string_view line) { spdlog::error(one_line(line)); }

}  // namespace vignette
