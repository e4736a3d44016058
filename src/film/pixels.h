// Converts decoded frames from the codec's pixel format to RGB. One thread.
#pragma once

#include "film/frame_likeness.h"
#include "film/libav.h"
#include "vignette/error.h"
#include "vignette/image.h"

namespace vignette {

// Colours use the matrix and range that the film declares; if it declares no matrix, BT.601 up to 576 lines
// and BT.709 above, as in players. HDR is not tone-mapped.
class FilmPixels {
public:
    Result<Image> picture(const AVFrame& frame);
    Result<Thumbnail> thumbnail(const AVFrame& frame);

private:
    Av<SwsContext> whole_;
    Av<SwsContext> small_;
};

}  // namespace vignette
