#include "net/server/request_head.h"

#include <algorithm>
#include <boost/beast/http/error.hpp>
#include <string_view>

#include "core/ascii.h"
#include "core/random_hex.h"

namespace vignette {
namespace {

namespace http = boost::beast::http;

// A client that takes us for a proxy sends the whole address; we are the server of every host.
std::string_view without_origin(std::string_view target) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (ascii_lower(target.substr(0, scheme.size())) != scheme) continue;
        const std::size_t path = target.find_first_of("/?", scheme.size());
        return path == std::string_view::npos ? "/" : target.substr(path);
    }
    return target;
}

// It is written to logs and sent back.
std::string request_id(std::string_view asked) {
    constexpr std::size_t bytes_max = 128;
    constexpr std::string_view also = "-_.:/+=@~";
    const bool sane = !asked.empty() && asked.size() <= bytes_max && std::ranges::all_of(asked, [&](char c) {
        return is_ascii_alphanumeric(c) || also.contains(c);
    });
    return sane ? std::string(asked) : random_hex(16);
}

}  // namespace

// Beast takes a request whose Transfer-Encoding it does not know for one without a body.
std::string complaint_about(const RequestHead& head) {
    constexpr unsigned version_1_1 = 11;
    const std::size_t encodings = head.count(http::field::transfer_encoding);
    const std::string_view encoding = head[http::field::transfer_encoding];
    const bool chunked = encodings == 1 && ascii_lower(encoding) == "chunked" &&
                         head.version() == version_1_1 && head.count(http::field::content_length) == 0;
    if (encodings > 0 && !chunked)
        return "Transfer-Encoding may only be chunked, in HTTP/1.1 and without Content-Length";
    if (head.count(http::field::content_length) > 1) return "Content-Length may be there only once";
    const std::size_t hosts = head.count(http::field::host);
    if (hosts > 1 || (hosts == 0 && head.version() == version_1_1)) return "Host must be there once";
    // Beast joins folded lines: this one may have been a field of its own to somebody else.
    if (head[http::field::host].find_first_of(" \t") != std::string_view::npos)
        return "Host must not hold spaces";
    return {};
}

std::optional<Complaint> complaint_about(const boost::system::error_code& error) {
    if (error == http::error::body_limit)
        return Complaint{413, "the body is too large; send smaller pictures, or fewer at once"};
    if (error == http::error::header_limit)
        return Complaint{431, "the header is too large; send fewer or shorter fields"};
    const bool is_about_http = error.category() == http::make_error_code(http::error::bad_method).category();
    if (!is_about_http || error == http::error::end_of_stream || error == http::error::partial_message)
        return std::nullopt;
    return Complaint{400, "this is not an HTTP/1.1 request that we understand"};
}

ServedRequest read_head(const RequestHead& head) {
    const std::string_view target = without_origin({head.target().data(), head.target().size()});
    const std::size_t query = target.find('?');
    ServedRequest request;
    request.id = request_id({head["x-request-id"].data(), head["x-request-id"].size()});
    request.began = std::chrono::system_clock::now();
    request.method = std::string(head.method_string());
    request.path = std::string(target.substr(0, query));
    if (query != std::string_view::npos) request.query = std::string(target.substr(query + 1));
    for (const auto& field : head)
        request.fields.push_back({std::string(field.name_string()), std::string(field.value())});
    return request;
}

}  // namespace vignette
