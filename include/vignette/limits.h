// Every limit on what a stranger may send, in one place. Each name ends in its unit and `_max`.
#pragma once

#include <cstddef>
#include <cstdint>

#include "vignette/bytes.h"

namespace vignette {

struct Limits {
    std::size_t body_bytes_max = 32 * MiB;        // JSON text of one job
    std::size_t picture_bytes_max = 20 * MiB;     // one encoded picture
    std::size_t raw_bytes_max = 128 * MiB;        // a camera's raw file that comes from this machine
    std::int64_t image_pixels_max = 100'000'000;  // known from the header, checked before decoding
    std::int32_t image_side_max = 32'767;
    std::size_t film_bytes_max = 256 * MiB;
    std::size_t frames_max = 10'000;  // of one film
    std::size_t timestamps_max = 10'000;
    std::size_t url_bytes_max = 2 * KiB;
    std::size_t media_bytes_max = 2560 * MiB;  // encoded and decoded pictures being processed, of all jobs
    std::size_t vision_cache_bytes_max = 0;    // features of pictures kept for further questions; 0: none
    std::size_t batch_max = 256;               // pictures of one job
    std::size_t prompt_bytes_max = 8 * KiB;
    std::size_t schema_bytes_max = 64 * KiB;
    std::size_t stops_max = 8;
    std::size_t bad_words_max = 64;
    std::size_t word_bytes_max = 128;  // of each stop string and bad word
    int json_depth_max = 32;
    // Sequences waiting for the engine: more than the callers that there can be (256, with 16 samples each),
    // so that whoever was let in waits and is not refused.
    std::size_t inbox_max = 8192;
    std::size_t warnings_max = 16;  // a job full of unknown fields must not cause a huge answer
};

}  // namespace vignette
