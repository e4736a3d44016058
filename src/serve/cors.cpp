#include "serve/cors.h"

#include <algorithm>

#include "core/ascii.h"

namespace vignette {
namespace {

bool is_origin(std::string_view text) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!text.starts_with(scheme)) continue;
        const std::string_view host = text.substr(scheme.size());
        return !host.empty() && host.find_first_of("/?#@* \t") == host.npos;
    }
    return false;
}

bool are_names(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
               c == '_' || c == ',' || c == ' ';
    });
}

}  // namespace

Result<Cors> Cors::read(std::string_view list) {
    Cors cors;
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(','), list.size());
        const std::string origin = ascii_lower(trim(list.substr(0, end)));
        list.remove_prefix(std::min(end + 1, list.size()));
        if (origin.empty()) continue;
        if (origin == "*") {
            cors.any_ = true;
        } else if (is_origin(origin)) {
            cors.origins_.push_back(origin);
        } else {
            return fail(
                ErrorCode::usage,
                "--cors-origin: `" + origin +
                    "` is not an origin; write https://example.com, without a path, or * for all"
            );
        }
    }
    return cors;
}

bool Cors::allows(std::string_view origin) const {
    return !origin.empty() && (any_ || std::ranges::find(origins_, ascii_lower(origin)) != origins_.end());
}

// Never Access-Control-Allow-Credentials: keys are sent by the page itself, and there are no cookies.
std::vector<HttpField> Cors::fields_of(const ServedRequest& request) const {
    if (off()) return {};
    std::vector<HttpField> fields;
    if (!any_) fields.push_back({"Vary", "Origin"});
    const std::string_view origin = request.field("origin");
    if (!allows(origin)) return fields;
    fields.push_back({"Access-Control-Allow-Origin", any_ ? "*" : std::string(origin)});
    fields.push_back({"Access-Control-Expose-Headers", "Retry-After, WWW-Authenticate, Allow, X-Request-Id"});
    return fields;
}

// The page's clients send fields of their own (openai-organization, x-stainless-os, traceparent); none of
// them can do harm, so all are allowed, by name: a * would not include Authorization.
std::optional<ServedResponse> Cors::preflight(const ServedRequest& request) const {
    const bool asks = request.method == "OPTIONS" && !request.field("access-control-request-method").empty();
    if (off() || !asks || !allows(request.field("origin"))) return std::nullopt;
    ServedResponse response{
        .status = 204,
        .body = {},
        .fields = {{"Access-Control-Allow-Methods", "GET, POST, DELETE"}, {"Access-Control-Max-Age", "7200"}},
    };
    const std::string_view names = request.field("access-control-request-headers");
    if (!names.empty() && are_names(names))
        response.fields.push_back({"Access-Control-Allow-Headers", std::string(names)});
    return response;
}

}  // namespace vignette
