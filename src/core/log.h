// Logging: one line an event, on stderr, so that stdout carries results only. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace vignette {

enum class LogLevel { debug, info, warning, error, off };

// Once, at the start of main.
void start_logging(LogLevel level);

void log_debug(std::string_view line);
void log_info(std::string_view line);
void log_warning(std::string_view line);
void log_error(std::string_view line);

}  // namespace vignette
