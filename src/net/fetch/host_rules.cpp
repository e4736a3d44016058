#include "net/fetch/host_rules.h"

#include <algorithm>
#include <array>
#include <optional>

#include "core/ascii.h"

namespace vignette {
namespace {

auto forbidden(const char* what) { return fail(ErrorCode::forbidden_address, what); }

bool is_name_character(char c) { return is_ascii_alphanumeric(c) || c == '-' || c == '_'; }

bool is_plain(char c) {
    const auto code = static_cast<unsigned char>(c);
    return code >= 0x20 && code != 0x7f;
}

// These are set by the connection, not by the operator.
bool is_ours(std::string_view name) {
    constexpr std::array ours{"host",       "content-length",  "transfer-encoding", "connection",
                              "user-agent", "accept-encoding", "if-none-match",     "if-modified-since"};
    return std::ranges::find(ours, ascii_lower(name)) != ours.end();
}

}  // namespace

Result<HostPattern> parse_host_pattern(std::string_view text) {
    HostPattern pattern;
    std::string_view host = trim(text);
    if (const std::optional<IpAddress> address = parse_ip(host)) {
        pattern.address = unmapped(*address);
        pattern.host = to_text(*address);
        return pattern;
    }
    if (host.starts_with("*.")) {
        pattern.subdomains = true;
        host.remove_prefix(2);
    }
    const std::optional<std::string> normal = normal_host(host);
    if (!normal) {
        return fail(
            ErrorCode::usage, "\"" + std::string(text) +
                                  "\" is not a host; write cdn.example.com, *.example.com or an IP address"
        );
    }
    pattern.host = *normal;
    return pattern;
}

Result<HostHeader> parse_host_header(std::string_view text) {
    const std::size_t equals = text.find('=');
    const std::size_t colon = text.find(':', equals == std::string_view::npos ? text.size() : equals);
    if (colon == std::string_view::npos) {  // never quoted: the value may be a secret
        return fail(ErrorCode::usage, "a header for a host must be written as host=Name: value");
    }
    const std::string_view name = trim(text.substr(equals + 1, colon - equals - 1));
    const std::string_view value = trim(text.substr(colon + 1));
    if (name.empty() || value.empty() || is_ours(name) || !std::ranges::all_of(name, is_name_character) ||
        !std::ranges::all_of(value, is_plain)) {
        return fail(
            ErrorCode::usage,
            "the header for " + std::string(text.substr(0, equals)) + " is not valid; write host=Name: value"
        );
    }
    HostHeader header;
    header.host = TRY(parse_host_pattern(text.substr(0, equals)));
    header.line = std::string(name) + ": " + std::string(value);
    return header;
}

bool matches(const HostPattern& pattern, const Url& url) {
    if (pattern.address) return url.address && unmapped(*url.address) == *pattern.address;
    if (!pattern.subdomains) return url.host == pattern.host;
    return !url.address && url.host.ends_with("." + pattern.host);
}

Result<void> check(const HostRules& rules, const Url& url) {
    const auto names_it = [&](const HostPattern& pattern) { return matches(pattern, url); };
    if (std::ranges::any_of(rules.denied, names_it)) {
        return forbidden("the host is not allowed here; send the picture itself");
    }
    if (!rules.allowed.empty() && std::ranges::none_of(rules.allowed, names_it)) {
        return forbidden("only hosts listed by the operator are allowed here; send the picture itself");
    }
    if (!rules.ports.empty() && std::ranges::find(rules.ports, url.port) == rules.ports.end()) {
        return forbidden("the port is not allowed here; use the standard port of http or https");
    }
    return {};
}

Result<void> check(const HostRules& rules, const std::vector<IpAddress>& resolved) {
    for (const HostPattern& pattern : rules.denied) {
        if (!pattern.address) continue;
        const auto is_it = [&](const IpAddress& address) { return unmapped(address) == *pattern.address; };
        if (std::ranges::any_of(resolved, is_it)) {
            return forbidden("the host is not allowed here; send the picture itself");
        }
    }
    return {};
}

std::vector<std::string> headers_for(const HostRules& rules, const Url& url) {
    std::vector<std::string> lines;
    if (rules.headers_need_https && !url.secure) return lines;
    for (const HostHeader& header : rules.headers) {
        if (matches(header.host, url)) lines.push_back(header.line);
    }
    return lines;
}

}  // namespace vignette
