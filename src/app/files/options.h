// The command lines of `vignette caption` and `vignette embed`.
#pragma once

#include "app/options.h"

namespace CLI {
class App;
}

namespace vignette {

CLI::App* add_caption(CLI::App& app, Options& options);
CLI::App* add_embed(CLI::App& app, Options& options);

// What all commands take that keep answers.
void add_cache_folder(CLI::App& command, Options& options);

}  // namespace vignette
