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
    std::string host;                  // lower case, no dot at the end; a numeric one as programs write it
    std::optional<IpAddress> address;  // of a numeric host, in whatever notation it was
    std::uint16_t port = 0;
    std::string target;  // path and query, at least "/"
    bool operator==(const Url&) const = default;
};

inline constexpr std::size_t url_bytes_default_max = 2048;

// `invalid_input`, and for another scheme than these two `forbidden_address`. The message never repeats the
// address.
Result<Url> parse_url(std::string_view text, std::size_t bytes_max = url_bytes_default_max);

// "https://example.com:8443/a?b"; the port only where it is not the scheme's own.
std::string to_text(const Url& url);

// A host as lists and headers name it: lower case, without the dot at the end. Empty if it is not a host.
std::optional<std::string> normal_host(std::string_view text);

// Where a server says that the content is. `forbidden_address` if that is not an address we follow.
Result<Url> follow(const Url& from, const std::string& location);

}  // namespace vignette
