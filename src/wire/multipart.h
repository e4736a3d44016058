// Reads a form of the type multipart/form-data (RFC 7578). Strict: a boundary must stand where it belongs,
// and nothing may come before the first or after the last. Pure, for any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "vignette/bytes.h"
#include "vignette/error.h"
#include "vignette/job.h"
#include "vignette/limits.h"

namespace vignette {

struct FormLimits {
    std::size_t parts_max = 320;             // files and fields
    std::size_t header_bytes_max = 4 * KiB;  // of one part
};

struct FormPart {
    std::string name;
    std::string filename;      // as the client calls it; empty if it does not say
    std::string content_type;  // what the client claims; may be empty
    SharedText content;        // a view of the body
};

// `content_type`: of the request, with the boundary. Names are valid UTF-8; contents are any bytes.
Result<std::vector<FormPart>> read_multipart(
    std::string_view content_type, const SharedText& body, const FormLimits& limits = {}
);

// A part's bytes as a picture, copied; `field` names it in errors. May throw std::bad_alloc.
Result<PictureSource> picture_of(const FormPart& part, std::string field, const Limits& limits);

}  // namespace vignette
