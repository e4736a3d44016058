// How large the pictures of an HEVC stream are: its container may lie about that.
#pragma once

#include <optional>

#include "image/bytes_view.h"
#include "vignette/image.h"

namespace vignette {

// The largest size in the parameter sets of a decoder configuration ("hvcC"); empty where there is none.
std::optional<Size> read_hevc_size(const BytesView& configuration);

// The same of a stream itself, whose units have their length before them in four bytes. It may repeat
// parameter sets, and then those count.
std::optional<Size> read_hevc_stream_size(const BytesView& stream);

}  // namespace vignette
