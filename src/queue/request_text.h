// HTTP requests and answers as text on their way through the queue, without their bodies' meaning. Pure, for
// any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net/server/exchange.h"

namespace vignette {

// The first line and those fields that a route looks at. Never a key.
std::string request_text(const ServedRequest& request);
std::optional<ServedRequest> read_request_text(std::string_view text);

// Status, type, fields and body.
std::string response_text(const ServedResponse& response);
std::optional<ServedResponse> read_response_text(std::string_view text);

}  // namespace vignette
