// Decides what is recorded of whom, and hands the spans over to be sent. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trace/span_exporter.h"
#include "vignette/origin.h"

namespace vignette {

// The span of a request or of a job that came by itself: what is done for it is below.
struct BegunSpan {
    TraceContext context;   // its own
    std::string parent_id;  // of the caller's span; empty: a trace of its own
};

class Tracer {
public:
    Tracer(const TraceSettings& settings, const std::string& user_agent)
        : sampler_(settings.sampler), exporter_(settings, user_agent) {}

    // The caller's headers; empty if there are none. The context is empty if nothing is to be recorded.
    BegunSpan begin(std::string_view trace_parent = {}, std::string_view trace_state = {}) const;

    void note(std::vector<Span> spans) { exporter_.add(std::move(spans)); }
    void flush(std::chrono::steady_clock::time_point deadline) { exporter_.flush(deadline); }
    SpanExporter::Counts counts() const { return exporter_.counts(); }

private:
    const Sampler sampler_;
    SpanExporter exporter_;
};

// Whether anything is recorded of what this context is for.
inline bool is_recorded(const TraceContext& context) { return !context.trace_id.empty(); }

std::string new_span_id();

}  // namespace vignette
