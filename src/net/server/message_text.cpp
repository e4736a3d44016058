#include "net/server/message_text.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "core/ascii.h"

namespace vignette {
namespace {

constexpr std::string_view line_end = "\r\n";

struct Reason {
    int status;
    std::string_view words;
};
constexpr std::array reasons{
    Reason{200, "OK"},
    Reason{202, "Accepted"},
    Reason{204, "No Content"},
    Reason{400, "Bad Request"},
    Reason{401, "Unauthorized"},
    Reason{403, "Forbidden"},
    Reason{404, "Not Found"},
    Reason{405, "Method Not Allowed"},
    Reason{408, "Request Timeout"},
    Reason{413, "Content Too Large"},
    Reason{415, "Unsupported Media Type"},
    Reason{422, "Unprocessable Content"},
    Reason{429, "Too Many Requests"},
    Reason{431, "Request Header Fields Too Large"},
    Reason{499, "Client Closed Request"},
    Reason{500, "Internal Server Error"},
    Reason{501, "Not Implemented"},
    Reason{502, "Bad Gateway"},
    Reason{503, "Service Unavailable"},
    Reason{504, "Gateway Timeout"},
};

std::string_view reason(int status) {
    const auto* const found = std::ranges::find(reasons, status, &Reason::status);
    return found != reasons.end() ? found->words : "Status";
}

// A line break in a value would begin a field, or an answer, of somebody else's.
void add_field(std::string& text, std::string_view name, std::string_view value) {
    text.append(name).append(": ");
    std::ranges::copy_if(value, std::back_inserter(text), [](char c) { return c != '\r' && c != '\n'; });
    text.append(line_end);
}

}  // namespace

std::string_view ServedRequest::field(std::string_view name) const {
    const auto found = std::ranges::find_if(fields, [&](const HttpField& one) {
        return ascii_lower(one.name) == ascii_lower(name);
    });
    return found == fields.end() ? std::string_view() : std::string_view(found->value);
}

std::string head_text(
    const ServedResponse& response, std::optional<std::size_t> length, bool chunked, AfterAnswer after
) {
    std::string text = "HTTP/1.1 " + std::to_string(response.status) + " ";
    text.append(reason(response.status)).append(line_end);
    const bool has_body = response.status != 204;
    if (has_body) add_field(text, "Content-Type", response.content_type);
    if (has_body && length) add_field(text, "Content-Length", std::to_string(*length));
    if (has_body && !length && chunked) add_field(text, "Transfer-Encoding", "chunked");
    if (after == AfterAnswer::close) add_field(text, "Connection", "close");
    for (const HttpField& field : response.fields) add_field(text, field.name, field.value);
    return text.append(line_end);
}

std::string chunk_text(std::string_view piece) {
    std::array<char, 16> digits{};
    const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), piece.size(), 16);
    std::string text(digits.data(), written.ptr);
    return text.append(line_end).append(piece).append(line_end);
}

}  // namespace vignette
