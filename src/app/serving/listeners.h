// Where `vignette serve` listens.
#pragma once

#include <memory>
#include <string>

#include "app/options.h"
#include "net/server/web_server.h"
#include "serve/front.h"

namespace vignette {

struct Listeners {
    std::unique_ptr<WebServer> web;
    std::unique_ptr<WebServer> health;  // null: the same
};

Result<Listeners> listen(const ServeOptions& options, Services& services, const Guards& guards);

std::string address_of(const WebServer& web, const ServeOptions& options);  // "http://127.0.0.1:8000"

}  // namespace vignette
