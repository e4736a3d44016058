// Logging: one line per event. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace vignette {

enum class LogLevel { debug, info, warning, error, off };

enum class LogFormat {
    people,    // time, level, job and text on stderr, so that stdout carries results only
    platform,  // RunPod's: one JSON object per line on stdout, with requestId, message, level
};

// Called once, at the start of main.
void start_logging(LogLevel level, LogFormat format);

// `job` is the id of the job that the line concerns, if any.
void log_debug(std::string_view line, std::string_view job = {});
void log_info(std::string_view line, std::string_view job = {});
void log_warning(std::string_view line, std::string_view job = {});
void log_error(std::string_view line, std::string_view job = {});

// The line in the platform's format. Always valid JSON.
std::string platform_line(std::string_view level, std::string_view line, std::string_view job);

}  // namespace vignette
