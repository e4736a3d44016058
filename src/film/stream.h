// What a container says about its video stream. Pure functions, for any thread.
#pragma once

#include <cstdint>

#include "film/libav.h"

namespace vignette {

bool is_readable(AVCodecID codec);

// The first video stream, cover art aside, or null.
AVStream* film_stream(const AVFormatContext& format);

double seconds(std::int64_t units, AVRational unit);  // 0 if there is no time

// 0 if unknown.
double duration_of(const AVFormatContext& format, const AVStream& stream);
double rate_of(const AVStream& stream, double duration, AVRational otherwise);

// The film's orientation as an EXIF number (1 to 8). Angles other than quarter turns are ignored.
int orientation_of(const AVStream& stream);

}  // namespace vignette
