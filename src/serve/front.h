// Where requests arrive: finds their route, asks for the key, has them handled.
#pragma once

#include "net/server/web_server.h"
#include "serve/api_keys.h"
#include "serve/services.h"

namespace vignette {

// What the web server is to do. Both must outlive it.
WebHandlers web_handlers(Services& services, const ApiKeys& keys);

}  // namespace vignette
