// The options about pictures by address, and what they come to.
#pragma once

#include <memory>

#include "app/options.h"
#include "net/fetch/sealed_fetcher.h"
#include "vignette/fetcher.h"

namespace CLI {
class App;
}

namespace vignette {

void add_url_options(CLI::App& app, UrlOptions& options);

// `usage`: a host, a port or a header is not written as it must be.
Result<FetchRules> fetch_rules(const UrlOptions& options);

// Its threads live as long as it does.
Result<std::unique_ptr<Fetcher>> open_fetcher(const UrlOptions& options);

}  // namespace vignette
