// An exchange that notes which status it was answered with, and how long that took.
#pragma once

#include <memory>
#include <string_view>

#include "net/server/exchange.h"
#include "serve/metrics.h"

namespace vignette {

// `route` must live as long as the exchange.
std::shared_ptr<Exchange> measured(
    std::shared_ptr<Exchange> exchange, std::string_view route, Metrics& metrics
);

}  // namespace vignette
