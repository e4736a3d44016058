// Errors in the words of each dialect that we speak. Pure, for any thread.
#pragma once

#include <string>
#include <string_view>

#include "vignette/error.h"

namespace vignette {

enum class Dialect { vignette, runpod, openai, anthropic, ollama, photoprism, immich };

// `status`: the HTTP status that goes with it. `request_id`: of the request, for those that say it; may be
// empty.
std::string format_refusal(Dialect dialect, const Error& error, int status, std::string_view request_id = {});

}  // namespace vignette
