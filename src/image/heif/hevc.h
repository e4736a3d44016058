// The size of the pictures in an HEVC stream: the container may lie about it.
#pragma once

#include <optional>

#include "core/bytes_view.h"
#include "vignette/image.h"

namespace vignette {

// The largest size in the parameter sets of a decoder configuration ("hvcC"); empty if there are none.
std::optional<Size> read_hevc_size(const BytesView& configuration);

// The same for the stream itself, whose units are each preceded by a four-byte length. It may repeat
// parameter sets, and then those apply.
std::optional<Size> read_hevc_stream_size(const BytesView& stream);

}  // namespace vignette
