// Errors in the words of each dialect that we speak. Pure, for any thread.
#pragma once

#include <string>

#include "vignette/error.h"

namespace vignette {

enum class Dialect { vignette, runpod, openai, anthropic, ollama, photoprism, immich };

// `status`: the HTTP status that goes with it.
std::string format_refusal(Dialect dialect, const Error& error, int status);

}  // namespace vignette
