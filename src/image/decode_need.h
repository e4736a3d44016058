// How much of a picture the caller needs. A value.
#pragma once

#include "vignette/image.h"

namespace vignette {

// What the pixels are for; never fewer than these are decoded if the file has them.
struct DecodeNeed {
    Size cover;  // the model's input: both sides at least this long, as shown; empty: the whole picture
    bool fast = false;        // a JPEG may be decoded at a fraction of its size
    RowSink* sink = nullptr;  // receives the rows if they are decoded upright and top-down, as in most JPEGs
};

}  // namespace vignette
