#include "trace/sampler.h"

#include <charconv>
#include <cstdint>

namespace vignette {

// By the trace's id, so that all servers with the same ratio choose the same traces.
bool is_sampled(const Sampler& sampler, std::string_view trace_id, const std::optional<TraceParent>& parent) {
    if (parent && sampler.asks_parent) return parent->sampled;
    if (sampler.ratio >= 1) return true;
    std::uint64_t low = 0;
    const std::string_view digits = trace_id.substr(trace_id.size() - 16);
    std::from_chars(digits.data(), digits.data() + digits.size(), low, 16);
    constexpr double all = 9223372036854775808.0;  // 2^63: the id's last 63 bits
    return static_cast<double>(low >> 1U) < sampler.ratio * all;
}

}  // namespace vignette
