// What a client asked for in one go: one picture, several, or a film.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "vignette/error.h"
#include "vignette/film.h"
#include "vignette/ids.h"
#include "vignette/job.h"

namespace vignette {

struct Item {        // one part of a batch: what is wrong with it spoils no other
    std::string id;  // the client's own name for it; may be empty
    Result<Job> job;
};

enum class AnswerShape {
    single,
    batch,   // a list, be it of one
    frames,  // descriptions by place, null for those that failed
};

struct Request {
    JobId id;
    std::vector<Item> items;   // at least one, or else
    std::optional<Film> film;  // a film; its answer has the shape of frames
    AnswerShape shape = AnswerShape::single;
    bool stream = false;  // pieces and finished items are wanted as they come
};

}  // namespace vignette
