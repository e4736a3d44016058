// Boxes out of a model's text. Pure functions, for any thread.
#pragma once

#include <string>
#include <string_view>

#include "vignette/image.h"

namespace vignette {

struct FoundBoxes {
    std::string text;        // JSON: a list of {"label": "...", "box": [left, top, right, bottom]}
    bool cut_short = false;  // the model's text ended before its list did: those that were whole until there
    int without_area = 0;    // left out
};

// `said` is a list of {"bbox_2d": [left, top, right, bottom], "label": "..."}, in a picture that the model
// takes for as large as `told_in`; the boxes found are in one as large as `picture`.
FoundBoxes find_boxes(std::string_view said, Size told_in, Size picture);

}  // namespace vignette
