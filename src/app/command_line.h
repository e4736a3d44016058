// Reads the command line, the environment and vignette.toml.
#pragma once

#include <optional>

#include "app/options.h"

namespace vignette {

// Either what to do, or the exit code to leave with at once: 0 after --help, 2 after wrong usage.
struct Parsed {
    std::optional<Options> options;
    int exit_code = 0;
};

Parsed parse_options(int argc, char** argv);

}  // namespace vignette
