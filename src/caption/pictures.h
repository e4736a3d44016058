// A job's pictures: from what the client sent to upright pixels. Any thread.
#pragma once

#include <stop_token>
#include <vector>

#include "image/decode.h"
#include "vignette/caption.h"
#include "vignette/job.h"
#include "vignette/limits.h"

namespace vignette {

// The time it took is added to `timings`. An error names the picture's field.
Result<std::vector<DecodedImage>> read_pictures(
    std::vector<PictureSource> pictures, const Limits& limits, const std::stop_token& stop, Timings& timings
);

}  // namespace vignette
