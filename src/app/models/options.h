// The command line of `vignette models`.
#pragma once

#include "app/options.h"

namespace CLI {
class App;
}

namespace vignette {

void add_models(CLI::App& app, Options& options);

}  // namespace vignette
