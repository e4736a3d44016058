// How --help looks: what an option takes, its range, default and variable behind its description; the options
// that all commands share below a command's own.
#pragma once

#include <memory>

namespace CLI {
class FormatterBase;
}

namespace vignette {

// Below the help of a command: where results go, what the exit codes mean, where else options can be set.
inline constexpr const char* common_footer =
    R"(Results go to stdout, logs to stderr. Exit code: 0 success, 1 a job failed or results could not be written,
2 wrong usage. Each option can also be set by the environment variable in its brackets or in a settings file:
model = "demo-blip2". The command line overrides a variable, and a variable the file. In an option's name, - and _
are the same.)";

std::shared_ptr<CLI::FormatterBase> help_format();

}  // namespace vignette
