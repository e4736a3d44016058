// Where traces go, as OpenTelemetry's standard variables say it: docs/server.md. Pure.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "trace/sampler.h"
#include "vignette/error.h"
#include "wire/otlp.h"

namespace vignette {

struct TraceSettings {
    std::string url;
    std::vector<std::string> headers;  // "Name: value"
    ResourceAttributes resource;
    Sampler sampler;
    std::chrono::milliseconds timeout{10'000};
    std::size_t spans_max = 8'192;  // that wait to be sent; more are dropped
    std::size_t batch_max = 512;
    std::chrono::milliseconds batch_time{5'000};  // at most, until a span is sent
};

using Variables = std::function<std::string(const char* name)>;  // empty: not set

// Nothing if no endpoint is set, or traces are switched off.
Result<std::optional<TraceSettings>> read_trace_settings(const Variables& variable);

}  // namespace vignette
