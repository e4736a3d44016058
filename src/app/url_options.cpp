#include "app/url_options.h"

#include <CLI/CLI.hpp>
#include <utility>

#include "app/usage/checks.h"

namespace vignette {
namespace {

Result<std::vector<HostPattern>> parse_patterns(const std::vector<std::string>& texts) {
    std::vector<HostPattern> patterns;
    patterns.reserve(texts.size());
    for (const std::string& text : texts) patterns.push_back(TRY(parse_host_pattern(text)));
    return patterns;
}

}  // namespace

// Lists are given one by one or, in a variable, separated by commas. Headers, which may contain commas, are
// separated by line breaks.
void add_url_options(CLI::App& app, UrlOptions& options) {
    add_switch(
        app, "--allow-private-urls", options.allow_private, "Fetch from private networks and this machine too"
    )
        ->envname("VIGNETTE_ALLOW_PRIVATE_URLS");
    app.add_option("--url-hosts", options.hosts, "Fetch from these hosts only: a.example, *.b.example")
        ->envname("VIGNETTE_URL_HOSTS")
        ->delimiter(',')
        ->allow_extra_args(false);
    app.add_option("--url-deny", options.denied, "Never fetch from these hosts")
        ->envname("VIGNETTE_URL_DENY")
        ->delimiter(',')
        ->allow_extra_args(false);
    app.add_option("--url-ports", options.ports, "Ports to connect to; default 80 and 443")
        ->envname("VIGNETTE_URL_PORTS")
        ->transform(whole_number(1, 65'535))
        ->delimiter(',')
        ->allow_extra_args(false);
    app.add_option("--url-headers", options.headers, "Sent to one host only: \"host=Name: value\"")
        ->envname("VIGNETTE_URL_HEADERS")
        ->delimiter('\n')
        ->allow_extra_args(false);
    app.add_option("--url-deadline-s", options.deadline_s, "Seconds per address, retries included")
        ->envname("VIGNETTE_URL_DEADLINE_S")
        ->transform(whole_number(1, 3600))
        ->capture_default_str();
}

Result<FetchRules> fetch_rules(const UrlOptions& options) {
    FetchRules rules;
    rules.deadline = std::chrono::seconds(options.deadline_s);
    rules.hosts.allowed = TRY(parse_patterns(options.hosts));
    rules.hosts.denied = TRY(parse_patterns(options.denied));
    rules.hosts.headers.reserve(options.headers.size());
    for (const std::string& text : options.headers) {
        if (!text.empty()) rules.hosts.headers.push_back(TRY(parse_host_header(text)));
    }
    if (options.allow_private) {
        rules.may_dial = [](const IpAddress&) { return true; };
        rules.hosts.ports.clear();
        rules.hosts.headers_need_https = false;
    }
    if (!options.ports.empty()) rules.hosts.ports = options.ports;
    return rules;
}

Result<std::unique_ptr<Fetcher>> open_fetcher(const UrlOptions& options) {
    return std::make_unique<SealedFetcher>(TRY(fetch_rules(options)));
}

}  // namespace vignette
