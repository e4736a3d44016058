// An exchange whose end is told to the metrics, the log and the traces.
#pragma once

#include <memory>

#include "net/server/exchange.h"
#include "serve/routes/routes.h"
#include "serve/services.h"

namespace vignette {

// Every answer has x-request-id; Anthropic's clients look for another name.
inline void name_for_client(ServedResponse& response, Dialect dialect, const std::string& request_id) {
    if (dialect == Dialect::anthropic) response.fields.push_back({"request-id", request_id});
}

// `span`: of the request; empty if nothing is recorded. The route and the services must live as long.
std::shared_ptr<Exchange> watched(
    std::shared_ptr<Exchange> exchange, const Route& route, BegunSpan span, Services& services
);

}  // namespace vignette
