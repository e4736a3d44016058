// An http or https address, read strictly, so that everyone who reads it later sees the same host. Pure, any
// thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/fetch/address_rules.h"
#include "vignette/error.h"

namespace vignette {

struct Url {
    bool secure = false;               // https
    std::string host;                  // lower case, no trailing dot; a numeric one in its usual notation
    std::optional<IpAddress> address;  // of a numeric host, whatever its notation was
    std::uint16_t port = 0;
    std::string target;  // path and query, at least "/"
    bool operator==(const Url&) const = default;
};

inline constexpr std::size_t url_bytes_default_max = 2048;

// `invalid_input`, or `forbidden_address` for a scheme other than these two. The message never repeats the
// address.
Result<Url> parse_url(std::string_view text, std::size_t bytes_max = url_bytes_default_max);

// "https://example.com:8443/a?b"; the port only if it is not the scheme's default.
std::string to_text(const Url& url);

// A host as used in lists and headers: lower case, without a trailing dot. Empty if the text is not a host.
std::optional<std::string> normal_host(std::string_view text);

// Follows a redirect to `location`. `forbidden_address` if that is not an address we may follow.
Result<Url> follow(const Url& from, const std::string& location);

}  // namespace vignette
