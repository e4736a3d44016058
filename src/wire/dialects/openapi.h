// The server's routes as an OpenAPI document. Pure, for any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "wire/dialects/refusals.h"

namespace vignette {

struct RouteFacts {
    std::string_view method;
    std::string_view path;
    std::string_view summary;
    Dialect dialect;
    bool needs_key = false;
    bool needs_admin = false;  // an admin's key, where there are such
    std::string_view request;  // a schema's name; empty: no body
    std::string_view answer;   // a schema's name, or a media type for an answer that is no JSON
    std::string_view pieces;   // the media types of an answer in pieces, with spaces between
};

// `schemas`: a JSON object of schemas by name, to which the facts refer.
std::string format_openapi(std::span<const RouteFacts> routes, std::string_view schemas);

}  // namespace vignette
