// What a container says about its pictures. Pure functions, for any thread.
#pragma once

#include <cstdint>

#include "film/libav.h"

namespace vignette {

bool is_readable(AVCodecID codec);

// The first stream of moving pictures, or null.
AVStream* film_stream(const AVFormatContext& format);

double seconds(std::int64_t units, AVRational unit);  // 0 if there is no time

// 0 where the file does not say.
double duration_of(const AVFormatContext& format, const AVStream& stream);
double rate_of(const AVStream& stream, double duration);

// How the film wants to be turned, as EXIF counts it (1 to 8). Other angles than quarter turns are left.
int orientation_of(const AVStream& stream);

}  // namespace vignette
