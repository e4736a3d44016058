// The headers of W3C's Trace Context, by which a caller says what a request is a part of. Pure, for any
// thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace vignette {

struct TraceParent {
    std::string trace_id;  // 32 hexadecimal digits
    std::string span_id;   // 16
    bool sampled = false;
    bool operator==(const TraceParent&) const = default;
};

// Nothing if the header is not what the specification wants: then a new trace begins.
std::optional<TraceParent> read_trace_parent(std::string_view header);

// The header `tracestate`, all of them joined with commas; empty if it is too long or no list of key=value.
std::string read_trace_state(std::string_view header);

}  // namespace vignette
