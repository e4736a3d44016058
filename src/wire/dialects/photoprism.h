// PhotoPrism's Vision API, as its indexer asks it: captions and labels. Pure, for any thread.
// docs/api/photoprism.md
#pragma once

#include <cstddef>
#include <string>

#include "vignette/caption.h"
#include "vignette/error.h"
#include "vignette/limits.h"
#include "vignette/request.h"

namespace vignette {

enum class VisionTask { caption, labels };

struct VisionRequest {
    std::string id;  // the client's own, found even if the rest makes no sense; may be empty
    Result<Request> request;
    std::size_t bytes = 0;  // of the body
};

VisionRequest read_vision(std::string body, VisionTask task, const Limits& limits);

// `{"id": "...", "code": 200, "result": {"caption": {"text": "...", "confidence": 0.9}}}`, or `labels`.
std::string format_vision(const std::string& id, VisionTask task, const Caption& made);

// `{"id": "...", "code": 400, "error": "..."}`
std::string format_vision_failure(const std::string& id, const Error& error, int status);

}  // namespace vignette
