// The answer to a whole request, whatever it consists of: items of a batch or frames of a film. Pure, for any
// thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "vignette/caption.h"
#include "vignette/error.h"
#include "vignette/film.h"
#include "vignette/request.h"

namespace vignette {

struct AnsweredItem {
    std::string id;  // the client's own; may be empty
    Result<Caption> outcome;
    std::optional<double> timestamp = {};  // of a film's frame, in seconds
    std::optional<std::size_t> same_as;    // the earlier frame it looks like
};

AnsweredItem item_of(FilmFrame frame);

struct Answer {
    bool all_fine() const;  // nothing failed

    std::vector<AnsweredItem> items;  // in the request's order, or the film's
    AnswerShape shape = AnswerShape::single;
    std::chrono::duration<double> took{};
    std::optional<Result<FilmInfo>> film = {
    };  // if an error: the film ended early, and `items` are its frames so far
};

// One item on its own, without its id: a frame's time comes first, then the same fields as for a picture.
std::string format_item(const AnsweredItem& item);

// A single picture as itself. A batch as `{"results": [...], "count": N, "failed": K, "processing_time": s}`.
// Frames as `{"descriptions": [...], "failed_indices": [...], "count": N, "errors": [...], ...}`; those of a
// film also have `timestamps`, `duplicates` and `video`, or `incomplete` if the film ended early.
std::string format_answer(const Answer& answer);

}  // namespace vignette
