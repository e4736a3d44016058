// The options for fetching pictures by address, and the rules they result in.
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

// `usage` if a host, port or header is malformed.
Result<FetchRules> fetch_rules(const UrlOptions& options);

// Its threads live as long as it does.
Result<std::unique_ptr<Fetcher>> open_fetcher(const UrlOptions& options);

}  // namespace vignette
