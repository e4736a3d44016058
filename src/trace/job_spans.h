// The spans of a job that has ended, one below the other: the job, its pictures, their stages. Never what the
// user sent or was told. Pure but for the spans' ids, for any thread.
#pragma once

#include <chrono>
#include <vector>

#include "vignette/answer.h"
#include "vignette/ids.h"
#include "vignette/origin.h"
#include "wire/otlp.h"

namespace vignette {

struct EndedJob {
    const Answer& answer;
    const Origin& origin;
    const JobId& id;
    std::chrono::system_clock::time_point began;  // when it was handed in
    bool succeeded = true;
    std::chrono::microseconds post{};  // writing its answer
};

// None if its trace is not recorded.
std::vector<Span> job_spans(const EndedJob& job);

}  // namespace vignette
