// How large the pictures of an AV1 stream are: its container may lie about that.
#pragma once

#include <optional>

#include "image/bytes_view.h"
#include "vignette/image.h"

namespace vignette {

// The largest size in the sequence headers of a stream, which no frame of it exceeds; empty where there is
// none.
std::optional<Size> read_av1_size(const BytesView& stream);

}  // namespace vignette
