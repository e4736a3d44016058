// The table of routes: what is served, to whom, and by which function.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/server/exchange.h"
#include "serve/api_keys.h"
#include "serve/routes/call.h"
#include "wire/dialects/refusals.h"

namespace vignette {

struct Route {
    std::string_view method;
    std::string_view path;  // a part in braces stands for any text without a slash
    Access access;
    Dialect dialect;
    std::string_view summary;
    void (*handle)(const Call& call);
    // For the OpenAPI document: names in web/schemas.json, or the media type of an answer that is no JSON.
    std::string_view request = {};
    std::string_view answer = {};
    std::string_view pieces = {};  // the media types of an answer in pieces, with spaces between
    // Answers in lines while the body is still coming; null: the body comes first.
    std::shared_ptr<BodySink> (*handle_pieces)(const Call& call) = nullptr;
};

std::span<const Route> routes();

struct Match {
    const Route* route = nullptr;    // null: nothing is there
    bool other_method = false;       // it is there, but not for this method
    std::vector<std::string> parts;  // what stands in place of the braces
};
Match find_route(std::string_view method, std::string_view path);

// An error in the words of a dialect, with the request's id where these have a place for it.
ServedResponse refusal(Dialect dialect, const Error& error);
ServedResponse refusal(Dialect dialect, const Error& error, int status, std::string_view request_id = {});

}  // namespace vignette
