// The way out: captions and failures as one line of JSON. Pure, for any thread.
//
// Always valid JSON, whatever the model or an error message wrote: bad UTF-8 is replaced, a number that is
// none is null.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "vignette/caption.h"
#include "vignette/error.h"
#include "vignette/request.h"

namespace vignette {

struct AnsweredItem {
    std::string id;  // the client's own; may be empty
    Result<Caption> outcome;
};

struct Answer {                       // to a whole request
    std::vector<AnsweredItem> items;  // one for each of the request, in its order
    AnswerShape shape = AnswerShape::single;
    std::chrono::duration<double> took{};
};

std::string format_result(const Result<Caption>& outcome);

// `{"results": [...], "count": N, "failed": K, "processing_time": seconds}`
std::string format_batch(const std::vector<AnsweredItem>& items, std::chrono::duration<double> took);

// One picture as itself, a batch as a list, frames as `{"descriptions": [...], "failed_indices": [...],
// "count": N, "errors": [...], ...}`.
std::string format_answer(const Answer& answer);

}  // namespace vignette
