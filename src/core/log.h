// Logging: one line per event. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace vignette {

enum class LogLevel { debug, info, warning, error, off };

enum class LogFormat {
    people,    // time, level, job and text on stderr, so that stdout carries results only
    platform,  // RunPod's: one JSON object per line on stdout, with requestId, message, level
    json,      // one object per line on stderr, with time, level, message, job and request_id
};

// Called once, at the start of main.
void start_logging(LogLevel level, LogFormat format);

struct LogSubject {
    std::string_view job;
    std::string_view request;  // its id: docs/server.md
};

// `job` is the id of the job that the line concerns, if any.
void log_debug(std::string_view line, std::string_view job = {});
void log_info(std::string_view line, std::string_view job = {});
void log_warning(std::string_view line, std::string_view job = {});
void log_error(std::string_view line, std::string_view job = {});

void log_debug(std::string_view line, const LogSubject& about);
void log_info(std::string_view line, const LogSubject& about);
void log_warning(std::string_view line, const LogSubject& about);

bool logs_debug();  // so that nobody writes lines that nobody reads

// The line in the platform's format. Always valid JSON.
std::string platform_line(std::string_view level, std::string_view line, std::string_view job);
// The line for LogFormat::json, without the time. Always valid JSON.
std::string json_fields(std::string_view level, std::string_view line, const LogSubject& about);
// The line for people, without time and level.
std::string people_line(std::string_view line, const LogSubject& about);

}  // namespace vignette
