// Where requests arrive: finds their route, asks for the key, has them handled.
#pragma once

#include "net/server/web_server.h"
#include "serve/api_keys.h"
#include "serve/cors.h"
#include "serve/services.h"

namespace vignette {

struct Guards {  // who may ask, and from which pages
    ApiKeys keys;
    Cors cors;
};

// What the web server is to do. Both must outlive it.
WebHandlers web_handlers(Services& services, const Guards& guards);

// The same for a port of its own without TLS: only what is open to everybody, so that no key is sent there.
WebHandlers health_handlers(Services& services, const Guards& guards);

}  // namespace vignette
