// The answer to a whole request in our own words. Pure, for any thread.
#pragma once

#include <string>

#include "vignette/answer.h"
#include "vignette/film.h"

namespace vignette {

AnsweredItem item_of(FilmFrame frame);

// One item on its own, without its id: a frame's time comes first, then the same fields as for a picture.
std::string format_item(const AnsweredItem& item);

// A single picture as itself. A batch as `{"results": [...], "count": N, "failed": K, "processing_time": s}`.
// Frames as `{"descriptions": [...], "failed_indices": [...], "count": N, "errors": [...], ...}`; those of a
// film also have `timestamps`, `duplicates` and `video`, or `incomplete` if the film ended early.
std::string format_answer(const Answer& answer);

}  // namespace vignette
