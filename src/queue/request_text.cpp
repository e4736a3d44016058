#include "queue/request_text.h"

#include <algorithm>
#include <charconv>

namespace vignette {
namespace {

bool is_line(std::string_view text) {  // what may stand in a head: nothing can end it early
    return std::ranges::all_of(text, [](char c) {
        return static_cast<unsigned char>(c) >= ' ' && c != 0x7f;
    });
}

std::string_view next_line(std::string_view& text) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

void add_field(std::string& text, std::string_view name, std::string_view value) {
    if (is_line(name) && is_line(value)) text.append(name).append(": ").append(value).append("\n");
}

// Fields up to an empty line; false if there is something else.
bool read_fields(std::string_view& text, std::vector<HttpField>& fields) {
    while (true) {
        const std::string_view line = next_line(text);
        if (line.empty()) return true;
        const std::size_t colon = line.find(": ");
        if (colon == std::string_view::npos || !is_line(line)) return false;
        fields.push_back({std::string(line.substr(0, colon)), std::string(line.substr(colon + 2))});
    }
}

}  // namespace

std::string request_text(const ServedRequest& request) {
    std::string text = request.method + " " + request.path + "\n" + request.query + "\n";
    if (!request.id.empty()) add_field(text, "X-Request-Id", request.id);
    for (const std::string_view name : {"Content-Type", "Accept", "anthropic-version", "traceparent"})
        if (const std::string_view value = request.field(name); !value.empty()) add_field(text, name, value);
    return text + "\n";
}

std::optional<ServedRequest> read_request_text(std::string_view text) {
    ServedRequest request;
    const std::string_view first = next_line(text);
    const std::size_t space = first.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    request.method = first.substr(0, space);
    request.path = first.substr(space + 1);
    request.query = next_line(text);
    if (!read_fields(text, request.fields)) return std::nullopt;
    request.id = request.field("X-Request-Id");
    return request;
}

std::string response_text(const ServedResponse& response) {
    std::string text = std::to_string(response.status) + "\n";
    text += (is_line(response.content_type) ? response.content_type : "application/octet-stream") + "\n";
    for (const HttpField& field : response.fields) add_field(text, field.name, field.value);
    return text + "\n" + response.body;
}

std::optional<ServedResponse> read_response_text(std::string_view text) {
    ServedResponse response;
    const std::string_view status = next_line(text);
    const auto read = std::from_chars(status.data(), status.data() + status.size(), response.status);
    constexpr int least = 200, most = 599;
    if (read.ec != std::errc{} || response.status < least || response.status > most) return std::nullopt;
    response.content_type = next_line(text);
    if (!is_line(response.content_type) || !read_fields(text, response.fields)) return std::nullopt;
    response.body = text;
    return response;
}

}  // namespace vignette
