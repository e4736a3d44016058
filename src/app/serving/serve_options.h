// The options of `vignette serve`, under our names and those of RunPod's SDK.
#pragma once

#include <string>
#include <vector>

#include "app/options.h"

namespace CLI {
class App;
}

namespace vignette {

void add_server_options(CLI::App& serve, ServeOptions& options);

// Whether a command line without a command asks for the server: `--rp_serve_api`, or STANDALONE_MODE=1.
bool asks_for_server(const std::vector<std::string>& words);

// Takes over PORT and PORT_HEALTH, which a load-balancing endpoint sets, where ours are not set.
void honour_platform_ports();

}  // namespace vignette
