// Untrusted addresses: in whatever is accepted, every other parser finds the same host, and no number in any
// notation passes as a name.
#include <arpa/inet.h>
#include <curl/curl.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "net/fetch/host_rules.h"
#include "net/fetch/url.h"
#include "vignette/invariant.h"

namespace vignette {
namespace {

struct FreeUrl {
    void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

std::string part(CURLU* url, CURLUPart which) {
    char* text = nullptr;
    ASSERT(curl_url_get(url, which, &text, CURLU_DEFAULT_PORT) == CURLUE_OK);
    std::string copy = text;
    curl_free(text);
    return copy;
}

void check_accepted(const Url& url) {
    const std::string text = to_text(url);
    const Result<Url> again = parse_url(text, 3 * text.size());
    ASSERT(again && *again == url);

    const std::unique_ptr<CURLU, FreeUrl> other(curl_url());
    ASSERT(curl_url_set(other.get(), CURLUPART_URL, text.c_str(), 0) == CURLUE_OK);
    const bool is_v6 = url.address && url.address->version == IpAddress::Version::six;
    ASSERT(part(other.get(), CURLUPART_HOST) == (is_v6 ? "[" + url.host + "]" : url.host));
    ASSERT(part(other.get(), CURLUPART_PORT) == std::to_string(url.port));
    ASSERT(part(other.get(), CURLUPART_SCHEME) == (url.secure ? "https" : "http"));

    in_addr number{};
    in6_addr number6{};
    if (inet_aton(url.host.c_str(), &number) != 0) {
        ASSERT(url.address && *url.address == ip_v4(ntohl(number.s_addr)));
    } else if (inet_pton(AF_INET6, url.host.c_str(), &number6) == 1) {
        ASSERT(is_v6);
    } else {
        ASSERT(!url.address);
    }
    for (const char c : text) ASSERT(c > ' ' && c < 0x7f && c != '\\');
}

void check_address(const std::string& text) {
    if (const std::optional<IpAddress> address = parse_ip(text)) {
        ASSERT(parse_ip(to_text(*address)) == address);
        is_public(*address);
    }
    in_addr number{};
    const bool has_space = text.find_first_of(" \t\r\n\v\f") != std::string::npos;
    if (has_space || text.find('\0') != std::string::npos || inet_aton(text.c_str(), &number) == 0) return;
    const std::optional<IpAddress> ours = parse_ip_v4_number(text);
    ASSERT(ours && *ours == ip_v4(ntohl(number.s_addr)));
    for (const char* wrapping : {"::ffff:", "64:ff9b::"}) {  // wrapping does not make it public
        const std::optional<IpAddress> wrapped = parse_ip(wrapping + to_text(*ours));
        ASSERT(wrapped && is_public(*wrapped) == is_public(*ours));
    }
}

}  // namespace
}  // namespace vignette

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace vignette;
    const std::string text(reinterpret_cast<const char*>(data), size);
    if (const Result<Url> url = parse_url(text)) check_accepted(*url);
    const Url from = *parse_url("https://example.com:8443/a/b?c");
    if (const Result<Url> url = follow(from, text)) {
        ASSERT(url->secure);
        check_accepted(*url);
    }
    check_address(text);
    if (const Result<HostPattern> pattern = parse_host_pattern(text)) ASSERT(!pattern->host.empty());
    if (const Result<HostHeader> header = parse_host_header(text)) {
        ASSERT(header->line.find_first_of("\r\n") == std::string::npos);
    }
    return 0;
}
