// Decoded frames, in whatever format the codec has them, to RGB. One thread.
#pragma once

#include "film/frame_likeness.h"
#include "film/libav.h"
#include "vignette/error.h"
#include "vignette/image.h"

namespace vignette {

// Colours: the matrix and the range that the film declares; where it declares no matrix BT.601 up to 576
// lines and BT.709 above, as players do. What is brighter or more colourful than a screen (HDR) is not
// mapped.
class FilmPixels {
public:
    Result<Image> picture(const AVFrame& frame);
    Result<Thumbnail> thumbnail(const AVFrame& frame);

private:
    Av<SwsContext> whole_;
    Av<SwsContext> small_;
};

}  // namespace vignette
