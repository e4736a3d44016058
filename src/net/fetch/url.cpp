#include "net/fetch/url.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <memory>

#include "core/ascii.h"
#include "core/percent.h"

namespace vignette {
namespace {

constexpr std::size_t host_bytes_max = 253;
constexpr std::size_t label_bytes_max = 63;
constexpr std::uint16_t http_port = 80;
constexpr std::uint16_t https_port = 443;

struct FreeUrl {
    void operator()(CURLU* url) const { curl_url_cleanup(url); }
    void operator()(char* text) const { curl_free(text); }
};

bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

bool is_label(std::string_view label) {
    return !label.empty() && label.size() <= label_bytes_max && std::ranges::all_of(label, [](char c) {
        return is_ascii_alphanumeric(c) || c == '-' || c == '_';
    });
}

// Whatever any program may take for a number must be a number, or it is not a host.
bool looks_numeric(std::string_view host) {
    const std::string_view last = host.substr(host.rfind('.') + 1);
    return std::ranges::all_of(last, is_ascii_digit) || last.starts_with("0x");
}

auto bad_url(const char* what) { return fail(ErrorCode::invalid_input, std::string(what)); }

Result<void> check_characters(std::string_view text) {
    for (const char c : text) {
        const auto code = static_cast<unsigned char>(c);
        if (code <= 0x20 || code == 0x7f) {
            return bad_url("the address contains a space or a control character; write a space as %20");
        }
        if (c == '\\') return bad_url("the address contains a backslash; write / or %5C");
    }
    return {};
}

// host[:port]
struct Authority {
    std::string_view host;
    std::optional<std::string_view> port;
};

Result<Authority> split(std::string_view text) {
    if (text.find('@') != std::string_view::npos) {
        return bad_url("the address contains a user name; remove everything up to the @");
    }
    std::size_t host_end = text.find(':');
    if (text.starts_with('[')) {
        const std::size_t bracket = text.find(']');
        if (bracket == std::string_view::npos)
            return bad_url("the host begins with [ but has no closing ]; add it");
        host_end = bracket + 1;
        if (host_end != text.size() && text[host_end] != ':')
            return bad_url("only :port or / may follow the ]; correct the address");
    }
    const std::string_view host = text.substr(0, host_end);
    if (host_end >= text.size()) return Authority{.host = host, .port = std::nullopt};
    return Authority{.host = host, .port = text.substr(host_end + 1)};
}

Result<std::uint16_t> parse_port(std::string_view digits) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error != std::errc() || end != digits.data() + digits.size() || port == 0) {
        return bad_url("the port must be a number from 1 to 65535");
    }
    return port;
}

Result<void> read_host(std::string_view text, Url& url) {
    if (text.starts_with('[')) {
        url.address = parse_ip(text.substr(1, text.size() - 2));
        if (!url.address || url.address->version != IpAddress::Version::six) {
            return bad_url("there must be an IPv6 address between [ and ]");
        }
        url.host = to_text(*url.address);
        return {};
    }
    const std::optional<std::string> host = normal_host(text);
    if (!host) {
        return bad_url("the host is not a valid host name; write non-ASCII letters as xn--…");
    }
    url.host = *host;
    if (!looks_numeric(url.host)) return {};
    url.address = parse_ip_v4_number(url.host);
    if (!url.address) return bad_url("the host is neither a name nor a valid IP address; correct it");
    url.host = to_text(*url.address);
    return {};
}

// Percent-encodes the bytes of non-ASCII letters, as browsers do.
std::string escape(std::string_view text) { return percent_encode(text, is_ascii); }

// Resolves a path without a host against the same host, with its dots.
std::optional<std::string> join(const Url& from, const std::string& path) {
    const std::unique_ptr<CURLU, FreeUrl> joined(curl_url());
    char* text = nullptr;
    if (!joined || curl_url_set(joined.get(), CURLUPART_URL, to_text(from).c_str(), 0) != CURLUE_OK ||
        curl_url_set(joined.get(), CURLUPART_URL, path.c_str(), 0) != CURLUE_OK ||
        curl_url_get(joined.get(), CURLUPART_URL, &text, 0) != CURLUE_OK) {
        return std::nullopt;
    }
    const std::unique_ptr<char, FreeUrl> owner(text);
    return text;
}

std::uint16_t own_port(bool secure) { return secure ? https_port : http_port; }

}  // namespace

std::optional<std::string> normal_host(std::string_view text) {
    if (text.ends_with('.')) text.remove_suffix(1);
    if (text.empty() || text.size() > host_bytes_max) return std::nullopt;
    for (std::string_view rest = text;;) {
        const std::size_t dot = rest.find('.');
        if (!is_label(rest.substr(0, dot))) return std::nullopt;
        if (dot == std::string_view::npos) return ascii_lower(text);
        rest.remove_prefix(dot + 1);
    }
}

Result<Url> parse_url(std::string_view text, std::size_t bytes_max) {
    if (text.size() > bytes_max) {
        return fail(
            ErrorCode::invalid_input,
            "the address is longer than " + std::to_string(bytes_max) + " bytes; send the picture itself"
        );
    }
    TRY(check_characters(text));
    const std::size_t colon = text.find(':');
    const std::string scheme = ascii_lower(text.substr(0, colon));
    const bool is_scheme =
        !scheme.empty() && is_ascii_letter(scheme.front()) && std::ranges::all_of(scheme, [](char c) {
            return is_ascii_alphanumeric(c) || c == '+' || c == '-' || c == '.';
        });
    if (colon == std::string_view::npos || !is_scheme) {
        return bad_url("this is not an address; one looks like https://example.com/cat.jpg");
    }
    if (scheme != "http" && scheme != "https") {
        return fail(
            ErrorCode::forbidden_address,
            "only http and https addresses are fetched; use one, or send the picture itself"
        );
    }
    std::string_view rest = text.substr(colon + 1);
    if (!rest.starts_with("//")) return bad_url("http: or https: must be followed by two slashes and a host");
    rest.remove_prefix(2);
    const std::size_t authority_end = std::min(rest.find_first_of("/?#"), rest.size());
    const Authority authority = TRY(split(rest.substr(0, authority_end)));
    Url url{.secure = scheme == "https"};
    TRY(read_host(authority.host, url));
    url.port = own_port(url.secure);
    if (authority.port) url.port = TRY(parse_port(*authority.port));
    rest.remove_prefix(authority_end);
    url.target = escape(rest.substr(0, rest.find('#')));
    if (!url.target.starts_with('/')) url.target.insert(0, "/");
    return url;
}

std::string to_text(const Url& url) {
    const bool is_v6 = url.address && url.address->version == IpAddress::Version::six;
    std::string text = url.secure ? "https://" : "http://";
    text += is_v6 ? "[" + url.host + "]" : url.host;
    if (url.port != own_port(url.secure)) text += ":" + std::to_string(url.port);
    return text + url.target;
}

Result<Url> follow(const Url& from, const std::string& location) {
    const auto wrong = [] {
        return fail(
            ErrorCode::forbidden_address,
            "the address redirects to one that is not allowed; use the picture's own address"
        );
    };
    if (location.empty() || location.size() > url_bytes_default_max || !check_characters(location))
        return wrong();
    std::string target = location;
    if (location.starts_with("//")) {
        target.insert(0, from.secure ? "https:" : "http:");
    } else if (location.find(':') >= location.find_first_of("/?#")) {  // no scheme: on the same host
        const std::optional<std::string> joined = join(from, location);
        if (!joined) return wrong();
        target = *joined;
    }
    const Result<Url> to = parse_url(target, 2 * url_bytes_default_max);
    if (!to || (from.secure && !to->secure)) return wrong();
    return to;
}

}  // namespace vignette
