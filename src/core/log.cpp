#include "core/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "core/utf8.h"
#include "vignette/invariant.h"

namespace vignette {
namespace {

constexpr std::size_t line_bytes_max = 4096;  // the platform shows no more of a line
constexpr std::size_t id_bytes_max = 256;

LogFormat chosen_format = LogFormat::people;  // set once, before any thread starts

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

std::string_view platform_name(spdlog::level::level_enum level) {
    if (level >= spdlog::level::err) return "ERROR";
    if (level == spdlog::level::warn) return "WARN";
    return level == spdlog::level::info ? "INFO" : "DEBUG";
}

// A line stays one line, whatever a stranger put into a name or an id.
std::string one_line(std::string_view line, std::size_t bytes_max) {
    std::string clean = valid_utf8(line.substr(0, bytes_max));
    std::ranges::replace_if(clean, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
    return clean;
}

std::string_view json_name(spdlog::level::level_enum level) {
    if (level >= spdlog::level::err) return "error";
    if (level == spdlog::level::warn) return "warning";
    return level == spdlog::level::info ? "info" : "debug";
}

std::string quoted(std::string_view text, std::size_t bytes_max) {
    std::string json = "\"";
    for (const char c : one_line(text, bytes_max)) {
        if (c == '"' || c == '\\') json += '\\';
        json += c;
    }
    return json += '"';
}

std::string written(spdlog::level::level_enum level, std::string_view line, const LogSubject& about) {
    switch (chosen_format) {
        case LogFormat::people: return people_line(line, about);
        case LogFormat::platform: return platform_line(platform_name(level), line, about.job);
        case LogFormat::json: return json_fields(json_name(level), line, about);
    }
    panic("LogFormat out of range");
}

void log(spdlog::level::level_enum level, std::string_view line, const LogSubject& about) {
    if (spdlog::should_log(level)) spdlog::log(level, "{}", written(level, line, about));
}

}  // namespace

std::string platform_line(std::string_view level, std::string_view line, std::string_view job) {
    return R"({"requestId": )" + (job.empty() ? "null" : quoted(job, id_bytes_max)) + R"(, "message": )" +
           quoted(line, line_bytes_max) + R"(, "level": ")" + std::string(level) + "\"}";
}

std::string json_fields(std::string_view level, std::string_view line, const LogSubject& about) {
    std::string json =
        R"("level": ")" + std::string(level) + R"(", "message": )" + quoted(line, line_bytes_max);
    if (!about.job.empty()) json += R"(, "job": )" + quoted(about.job, id_bytes_max);
    if (!about.request.empty()) json += R"(, "request_id": )" + quoted(about.request, id_bytes_max);
    return json;
}

std::string people_line(std::string_view line, const LogSubject& about) {
    const std::string job = about.job.empty() ? "" : one_line(about.job, id_bytes_max) + " | ";
    const std::string request =
        about.request.empty() ? "" : " request_id=" + one_line(about.request, id_bytes_max);
    return job + one_line(line, line_bytes_max) + request;
}

bool logs_debug() { return spdlog::should_log(spdlog::level::debug); }

void start_logging(LogLevel level, LogFormat format) {
    chosen_format = format;
    if (format == LogFormat::platform) {
        spdlog::set_default_logger(spdlog::stdout_logger_mt("vignette"));
        spdlog::set_pattern("%v");
        spdlog::flush_on(spdlog::level::debug);  // otherwise a pipe is buffered until it is full
    } else {
        spdlog::set_default_logger(spdlog::stderr_color_mt("vignette"));
        const bool is_json = format == LogFormat::json;
        spdlog::set_pattern(
            is_json ? R"({"time": "%Y-%m-%dT%H:%M:%S.%eZ", %v})" : "%H:%M:%S.%e %^%l%$ %v",
            is_json ? spdlog::pattern_time_type::utc : spdlog::pattern_time_type::local
        );
    }
    spdlog::set_level(to_spdlog(level));
}

void log_debug(std::string_view line, std::string_view job) { log_debug(line, LogSubject{job, {}}); }
void log_info(std::string_view line, std::string_view job) { log_info(line, LogSubject{job, {}}); }
void log_warning(std::string_view line, std::string_view job) { log_warning(line, LogSubject{job, {}}); }
void log_error(std::string_view line, std::string_view job) { log(spdlog::level::err, line, {job, {}}); }

void log_debug(std::string_view line, const LogSubject& about) { log(spdlog::level::debug, line, about); }
void log_info(std::string_view line, const LogSubject& about) { log(spdlog::level::info, line, about); }
void log_warning(std::string_view line, const LogSubject& about) { log(spdlog::level::warn, line, about); }

}  // namespace vignette
