// Immich's machine-learning service, as its server asks it: vectors of pictures and of texts. Pure, for any
// thread. docs/api/immich.md
#pragma once

#include <string>
#include <string_view>

#include "vignette/caption.h"
#include "vignette/error.h"
#include "vignette/limits.h"
#include "wire/dialects/plain.h"

namespace vignette {

// POST /predict: a form with `entries` (JSON) and `image` or `text`.
Result<PlainRequest> read_prediction(std::string_view content_type, std::string body, const Limits& limits);

// `{"clip": "[0.01, ...]"}`: the vector is a text that holds JSON; for a picture with its height and width.
std::string format_prediction(const Caption& made);

}  // namespace vignette
