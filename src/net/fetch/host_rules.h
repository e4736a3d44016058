// Which hosts and ports the operator allows clients' addresses to name, and which headers each host gets.
// Pure, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/fetch/address_rules.h"
#include "net/fetch/url.h"
#include "vignette/error.h"

namespace vignette {

struct HostPattern {
    std::string host;                       // as in Url
    bool subdomains = false;                // "*.example.com": every host below it, not example.com itself
    std::optional<IpAddress> address = {};  // instead: one machine, by whatever name it is reached
    bool operator==(const HostPattern&) const = default;
};

struct HostHeader {
    HostPattern host;
    std::string line;  // "Authorization: Bearer …"
};

struct HostRules {
    std::vector<HostPattern> allowed;  // empty: every host
    std::vector<HostPattern> denied;   // overrides allowed
    std::vector<HostHeader> headers;
    std::vector<std::uint16_t> ports{80, 443};  // empty: every port
    bool headers_need_https = true;             // so that no secret is sent in the clear
};

// As the operator writes it: "cdn.example.com", "*.example.com" or an IP address; `usage` for anything else.
Result<HostPattern> parse_host_pattern(std::string_view text);
// "cdn.example.com=Authorization: Bearer abc"
Result<HostHeader> parse_host_header(std::string_view text);

bool matches(const HostPattern& pattern, const Url& url);

// `forbidden_address`
Result<void> check(const HostRules& rules, const Url& url);

// What the host's name turned out to mean: denied addresses are denied under all their names.
Result<void> check(const HostRules& rules, const std::vector<IpAddress>& resolved);

std::vector<std::string> headers_for(const HostRules& rules, const Url& url);

}  // namespace vignette
