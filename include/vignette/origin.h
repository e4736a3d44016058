// Where a job came from, for the log and for traces.
#pragma once

#include <string>

namespace vignette {

// What a job is a part of, as W3C's Trace Context has it.
struct TraceContext {
    std::string trace_id;  // 32 hexadecimal digits; empty: nothing of it is recorded
    std::string span_id;   // 16; empty: nothing is above it
    std::string state;     // of other tracing systems, as it came
};

struct Origin {
    std::string request_id;  // of the HTTP request; empty: it came by another way
    TraceContext trace;
};

}  // namespace vignette
