// Which traces are recorded. Pure, for any thread.
#pragma once

#include <optional>
#include <string_view>

#include "trace/trace_parent.h"

namespace vignette {

struct Sampler {
    double ratio = 1;         // of the traces that begin here
    bool asks_parent = true;  // a request that is part of a trace follows its caller
    bool operator==(const Sampler&) const = default;
};

bool is_sampled(const Sampler& sampler, std::string_view trace_id, const std::optional<TraceParent>& parent);

}  // namespace vignette
