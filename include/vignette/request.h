// What a client asks for in one job: one picture, several, or a film.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "vignette/error.h"
#include "vignette/film.h"
#include "vignette/ids.h"
#include "vignette/job.h"
#include "vignette/origin.h"

namespace vignette {

class AnswerWriter;

struct Item {        // one part of a batch; an error in it does not affect the others
    std::string id;  // the client's own name for it; may be empty
    Result<Job> job;
};

enum class AnswerShape {
    single,
    batch,   // a list, even of one
    frames,  // descriptions by index, null for those that failed
};

struct Request {
    JobId id;
    std::vector<Item> items;   // at least one, unless there is
    std::optional<Film> film;  // answered in the shape `frames`, or `single` if it is looked at as a whole
    AnswerShape shape = AnswerShape::single;
    bool stream = false;                     // send pieces of text and finished items as they come
    std::shared_ptr<AnswerWriter> writer{};  // null: our own words. Shared with who sends the answer
    Origin origin{};
};

}  // namespace vignette
