#include "trace/trace_parent.h"

#include <algorithm>

#include "core/ascii.h"
#include "core/hex.h"

namespace vignette {
namespace {

constexpr std::size_t whole_bytes = 55;  // 2 + 32 + 16 + 2 digits, three hyphens

bool is_hex(std::string_view text) { return text.find_first_not_of(hex_digits) == std::string_view::npos; }
bool is_zero(std::string_view text) { return text.find_first_not_of('0') == std::string_view::npos; }

}  // namespace

std::optional<TraceParent> read_trace_parent(std::string_view header) {
    if (header.size() < whole_bytes) return std::nullopt;
    const std::string_view version = header.substr(0, 2);
    const std::string_view trace = header.substr(3, 32);
    const std::string_view span = header.substr(36, 16);
    const std::string_view flags = header.substr(53, 2);
    if (header[2] != '-' || header[35] != '-' || header[52] != '-') return std::nullopt;
    if (!is_hex(version) || !is_hex(trace) || !is_hex(span) || !is_hex(flags)) return std::nullopt;
    if (version == "ff" || is_zero(trace) || is_zero(span)) return std::nullopt;
    // Later versions may add to it, the first one may not.
    if (header.size() > whole_bytes && (version == "00" || header[whole_bytes] != '-')) return std::nullopt;
    const bool sampled = hex_digits.find(flags[1]) % 2 == 1;
    return TraceParent{.trace_id = std::string(trace), .span_id = std::string(span), .sampled = sampled};
}

std::string read_trace_state(std::string_view header) {
    constexpr std::size_t bytes_max = 512;
    constexpr std::ptrdiff_t members_max = 32;
    header = trim(header);
    const bool printable = std::ranges::all_of(header, [](char c) { return c >= ' ' && c <= '~'; });
    if (header.size() > bytes_max || !printable || std::ranges::count(header, ',') >= members_max) return {};
    for (std::string_view rest = header; !rest.empty();) {
        const std::size_t comma = std::min(rest.find(','), rest.size());
        const std::string_view member = trim(rest.substr(0, comma));
        const std::size_t equals = member.find('=');
        const bool is_pair = equals != std::string_view::npos && equals > 0 && equals + 1 < member.size();
        if (!member.empty() && !is_pair) return {};
        rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
    return std::string(header);
}

}  // namespace vignette
