// A request for one picture, as most tests want it.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "vignette/limits.h"
#include "vignette/request.h"
#include "wire/dialects/any_job.h"

namespace vignette {

inline Result<Job> sole_job(std::string body, const Limits& limits = {}) {
    Request request = TRY(parse_request(std::move(body), limits));
    if (request.items.size() != 1 || request.shape != AnswerShape::single) {
        return fail(ErrorCode::internal, "this is no request for one picture");
    }
    return std::move(request.items.front().job);
}

}  // namespace vignette
