// The answer to a whole request in our own words. Pure, for any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "vignette/answer.h"
#include "vignette/film.h"

namespace vignette {

AnsweredItem item_of(FilmFrame frame);

// One item on its own, without its id: a frame's time comes first, then the same fields as for a picture.
std::string format_item(const AnsweredItem& item);

// What an item of a list is about: "file" or "text", as the user wrote it, and its place in the list.
struct ItemSubject {
    std::string_view field;
    std::string_view name;
    std::size_t index = 0;
};

// The subject's fields come first: {"file": "a.png", "index": 0, "caption": ...}
std::string format_item(const AnsweredItem& item, const ItemSubject& subject);

// A single picture as itself. A batch as `{"results": [...], "count": N, "failed": K, "processing_time": s}`.
// Frames as `{"descriptions": [...], "failed_indices": [...], "count": N, "errors": [...], ...}`; those of a
// film also have `timestamps`, `duplicates` and `video`, or `incomplete` if the film ended early.
std::string format_answer(const Answer& answer);

}  // namespace vignette
