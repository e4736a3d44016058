// Spans in the JSON of OpenTelemetry's protocol (OTLP), as collectors read it. Pure, for any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace vignette {

struct SpanAttribute {
    std::string key;
    std::variant<std::string, std::int64_t, double, bool, std::vector<std::string>> value;
};

enum class SpanKind { internal = 1, server = 2 };  // the numbers are the protocol's

struct Span {
    using Time = std::chrono::system_clock::time_point;

    std::string trace_id;   // 32 hexadecimal digits
    std::string span_id;    // 16
    std::string parent_id;  // 16; empty: none
    std::string state;      // W3C's tracestate
    std::string name;
    SpanKind kind = SpanKind::internal;
    Time begin;
    Time end;
    std::vector<SpanAttribute> attributes;
    bool failed = false;
};

using ResourceAttributes = std::vector<std::pair<std::string, std::string>>;

// The body of a POST to /v1/traces.
std::string format_spans(const ResourceAttributes& resource, const std::vector<Span>& spans);

}  // namespace vignette
