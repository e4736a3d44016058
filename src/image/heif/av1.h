// The size of the pictures in an AV1 stream: the container may lie about it.
#pragma once

#include <optional>

#include "core/bytes_view.h"
#include "vignette/image.h"

namespace vignette {

// The largest size in the stream's sequence headers, which no frame exceeds; empty if there are none.
std::optional<Size> read_av1_size(const BytesView& stream);

}  // namespace vignette
