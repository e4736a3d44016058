#include "queue/address.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "core/percent.h"

namespace vignette {
namespace {

constexpr std::string_view example = "redis://:PASSWORD@host:6379/0?prefix=vignette:";

std::unexpected<Error> wrong(const std::string& what) {
    return fail(
        ErrorCode::usage, "the address of the queue " + what + "; write it like " + std::string(example)
    );
}

std::optional<int> number(std::string_view text, int most) {
    int value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = read.ec == std::errc{} && read.ptr == text.data() + text.size();
    if (!whole || value < 0 || value > most) return std::nullopt;
    return value;
}

std::string_view cut(std::string_view& text, std::size_t end) {
    const std::string_view first = text.substr(0, end);
    text.remove_prefix(std::min(text.size(), end == std::string_view::npos ? end : end + 1));
    return first;
}

bool is_prefix(std::string_view text) {
    constexpr std::size_t length_max = 64;
    return !text.empty() && text.size() <= length_max && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ':' ||
               c == '-' || c == '_' || c == '.' || c == '{' || c == '}';
    });
}

Result<void> read_login(QueueAddress& address, std::string_view login) {
    const std::size_t colon = login.find(':');
    const auto user = percent_decode(login.substr(0, std::min(colon, login.size())));
    const auto password =
        percent_decode(colon == std::string_view::npos ? std::string_view() : login.substr(colon + 1));
    if (!user || !password) return wrong("has a % in its login without two hexadecimal digits");
    address.user = *user;
    address.password = *password;
    return {};
}

Result<void> read_host(QueueAddress& address, std::string_view text) {
    if (text.starts_with('[')) {
        const std::size_t end = text.find(']');
        if (end == std::string_view::npos) return wrong("has no ] behind its IPv6 address");
        address.host = text.substr(1, end - 1);
        text.remove_prefix(end + 1);
        if (!text.empty() && !text.starts_with(':')) return wrong("has something between ] and the port");
    } else {
        const std::size_t colon = std::min(text.find(':'), text.size());
        address.host = text.substr(0, colon);
        text.remove_prefix(colon);
    }
    if (address.host.empty()) return wrong("has no host");
    if (text.empty()) return {};
    const std::optional<int> port = number(text.substr(1), 65'535);
    if (!port || *port == 0) return wrong("has a port that is not between 1 and 65535");
    address.port = *port;
    return {};
}

}  // namespace

std::string QueueAddress::shown() const {
    return host + ":" + std::to_string(port) + "/" + std::to_string(database) + " (" + prefix + ")";
}

Result<QueueAddress> read_queue_address(std::string_view text) {
    if (text.starts_with("rediss://")) {
        return fail(
            ErrorCode::usage,
            "TLS to Redis is not built in: put stunnel or a private network between, and write redis://"
        );
    }
    constexpr std::string_view scheme = "redis://";
    if (!text.starts_with(scheme)) return wrong("does not begin with redis://");
    text.remove_prefix(scheme.size());
    QueueAddress address;
    std::string_view query = text;
    text = cut(query, text.find('?'));
    if (const std::size_t at = text.rfind('@'); at != std::string_view::npos)
        TRY(read_login(address, cut(text, at)));
    std::string_view database = text;
    TRY(read_host(address, cut(database, text.find('/'))));
    if (!database.empty()) {
        constexpr int database_max = 65'535;
        const std::optional<int> read = number(database, database_max);
        if (!read) return wrong("has a database that is not a whole number");
        address.database = *read;
    }
    if (query.empty()) return address;
    constexpr std::string_view known = "prefix=";
    if (!query.starts_with(known)) return wrong("has an option other than prefix=");
    query.remove_prefix(known.size());
    if (!is_prefix(query)) return wrong("has a prefix that is not 1 to 64 letters, digits and :-_.{}");
    address.prefix = query;
    return address;
}

}  // namespace vignette
