#include "net/server/body_reader.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/read.hpp>
#include <utility>

namespace vignette {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;

constexpr std::size_t padding = 64;  // what simdjson may read behind a text

// Straight into the body: Beast would fill it with zeros first, and copy.
asio::awaitable<std::string> read_bytes_of_body(
    ClientStream& stream, beast::flat_buffer& buffer, std::size_t length, error_code& error
) {
    std::string body;
    body.reserve(length + padding);
    const std::size_t here = std::min(buffer.size(), length);
    body.append(static_cast<const char*>(buffer.data().data()), here);
    buffer.consume(here);
    body.resize_and_overwrite(length, [](char*, std::size_t bytes) { return bytes; });
    const asio::mutable_buffer rest(body.data() + here, length - here);
    const auto as_much_as_there_is = [](const error_code& failed, std::size_t) { return failed ? 0 : MiB; };
    co_await asio::async_read(
        stream, rest, as_much_as_there_is, asio::redirect_error(asio::use_awaitable, error)
    );
    co_return body;
}

}  // namespace

asio::awaitable<void> read_head(
    ClientStream& stream, beast::flat_buffer& buffer, RequestParser& parser, std::chrono::milliseconds time,
    error_code& error
) {
    buffer.consume(parser.put(buffer.data(), error));  // most heads are there whole: no timer, no wait
    if (error == beast::http::error::need_more) error = {};
    if (error || parser.is_header_done()) co_return;
    stream.expires_after(time);
    co_await beast::http::async_read_header(
        stream, buffer, parser, asio::redirect_error(asio::use_awaitable, error)
    );
}

asio::awaitable<std::string> read_body(
    ClientStream& stream, beast::flat_buffer& buffer, RequestParser& parser, error_code& error
) {
    if (const auto length = parser.content_length())
        co_return co_await read_bytes_of_body(stream, buffer, static_cast<std::size_t>(*length), error);
    buffer.reserve(read_bytes);  // Beast reads as much at once as fits
    co_await beast::http::async_read(
        stream, buffer, parser, asio::redirect_error(asio::use_awaitable, error)
    );
    co_return std::move(parser.get().body());
}

asio::awaitable<void> read_pieces(
    ClientStream& stream, beast::flat_buffer& buffer, RequestParser& parser, BodySink& sink,
    std::chrono::steady_clock::time_point end, error_code& error
) {
    buffer.reserve(read_bytes);
    while (!error && !parser.is_done()) {
        stream.expires_at(end);  // the answer's writing has a time of its own
        co_await beast::http::async_read_some(
            stream, buffer, parser, asio::redirect_error(asio::use_awaitable, error)
        );
        if (!error) sink.add(std::exchange(parser.get().body(), {}));
    }
}

}  // namespace vignette
