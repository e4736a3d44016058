// How much of a picture its reader needs. A value.
#pragma once

#include "vignette/image.h"

namespace vignette {

// What is going to be done with the pixels; fewer than these are never decoded where the file has them.
struct DecodeNeed {
    Size cover;  // the model's input: both sides at least that long, as shown; empty: the whole picture
    bool fast = false;        // a JPEG may be decoded at a fraction of its size
    RowSink* sink = nullptr;  // receives the rows if they come upright and from the top: most JPEGs
};

}  // namespace vignette
