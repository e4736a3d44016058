// POST /v1/embeddings: reads the request, and writes the answer. Pure, for any thread.
#pragma once

#include "vignette/error.h"
#include "vignette/ids.h"
#include "vignette/limits.h"
#include "vignette/request.h"
#include "wire/json/reader.h"

namespace vignette {

// Texts, and as an addition of ours pictures: data URLs among the texts, or objects like {"image": "..."}.
Result<Request> read_embeddings(const PaddedText& text, const Limits& limits, const JobId& id);

}  // namespace vignette
