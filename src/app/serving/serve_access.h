// What the options of `vignette serve` say about who may ask.
#pragma once

#include <optional>

#include "app/options.h"
#include "net/server/web_server.h"
#include "serve/front.h"

namespace vignette {

// Refuses a server that anybody could use without the operator having said so.
Result<Guards> read_guards(const ServeOptions& options);

Result<std::optional<TlsFiles>> tls_files(const ServeOptions& options);

}  // namespace vignette
