#include "trace/tracer.h"

#include "core/random_hex.h"

namespace vignette {

BegunSpan Tracer::begin(std::string_view trace_parent, std::string_view trace_state) const {
    constexpr std::size_t trace_id_bytes = 16;
    const std::optional<TraceParent> parent = read_trace_parent(trace_parent);
    std::string trace_id = parent ? parent->trace_id : random_hex(trace_id_bytes);
    if (!is_sampled(sampler_, trace_id, parent)) return {};
    return {
        .context =
            {.trace_id = std::move(trace_id),
             .span_id = new_span_id(),
             .state = parent ? read_trace_state(trace_state) : std::string()},
        .parent_id = parent ? parent->span_id : std::string(),
    };
}

std::string new_span_id() { return random_hex(8); }

}  // namespace vignette
