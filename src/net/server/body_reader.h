// Reads a request: its head, then its body. On the connection's thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <cstddef>
#include <string>

#include "net/server/client_stream.h"
#include "net/server/exchange.h"
#include "vignette/bytes.h"

namespace vignette {

using RequestParser = boost::beast::http::request_parser<boost::beast::http::string_body>;

inline constexpr std::size_t read_bytes = 64 * KiB;  // at once

// `buffer` holds what has come already; what follows the head, or the body, stays in it.
boost::asio::awaitable<void> read_head(
    ClientStream& stream, boost::beast::flat_buffer& buffer, RequestParser& parser,
    std::chrono::milliseconds time, boost::system::error_code& error
);

boost::asio::awaitable<std::string> read_body(
    ClientStream& stream, boost::beast::flat_buffer& buffer, RequestParser& parser,
    boost::system::error_code& error
);

// The same to a sink as it comes, which is not told of the end. All of it until `end`.
boost::asio::awaitable<void> read_pieces(
    ClientStream& stream, boost::beast::flat_buffer& buffer, RequestParser& parser, BodySink& sink,
    std::chrono::steady_clock::time_point end, boost::system::error_code& error
);

}  // namespace vignette
