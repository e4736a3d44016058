// A client's connection with or without TLS, for Asio and Beast to read from and write to.
#pragma once

#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <poll.h>
#include <sys/socket.h>

#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace vignette {

// Chooses while it runs, not as a template: what Beast reads with is compiled only once.
class ClientStream {
public:
    using executor_type = boost::beast::tcp_stream::executor_type;

    // `tls` may be null: no TLS.
    ClientStream(boost::asio::ip::tcp::socket socket, const std::shared_ptr<boost::asio::ssl::context>& tls)
        : tcp_(std::move(socket)) {
        if (tls) tls_.emplace(tcp_, *tls);
    }

    executor_type get_executor() noexcept { return tcp_.get_executor(); }
    auto& socket() { return tcp_.socket(); }
    void close() { tcp_.close(); }
    void expires_after(std::chrono::milliseconds time) { tcp_.expires_after(time); }
    void expires_at(std::chrono::steady_clock::time_point time) { tcp_.expires_at(time); }
    void expires_never() { tcp_.expires_never(); }

    // Whether the other side has closed its end, though bytes that nobody has read yet may lie before that.
    bool peer_has_left() {
        pollfd question{.fd = tcp_.socket().native_handle(), .events = POLLRDHUP, .revents = 0};
        return poll(&question, 1, 0) > 0 && (question.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
    }

    // What fits into the socket right now, which is all of a short answer to somebody who reads: no waiting,
    // no timer. Nothing with TLS, nor if it fails: then the next write says why.
    std::size_t write_now(std::string_view text) {
        if (tls_) return 0;
        const ssize_t sent =
            ::send(tcp_.socket().native_handle(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        return sent > 0 ? static_cast<std::size_t>(sent) : 0;
    }

    bool is_tls() const { return tls_.has_value(); }
    void drop_tls() { tls_.reset(); }

    // These two need TLS.
    template <class Token>
    auto handshake(Token&& token) {
        return tls_->async_handshake(boost::asio::ssl::stream_base::server, std::forward<Token>(token));
    }
    template <class Token>
    auto shutdown(Token&& token) {
        return tls_->async_shutdown(std::forward<Token>(token));
    }

    template <class Buffers, class Token>
    auto async_read_some(const Buffers& buffers, Token&& token) {
        return tls_ ? tls_->async_read_some(buffers, std::forward<Token>(token))
                    : tcp_.async_read_some(buffers, std::forward<Token>(token));
    }
    template <class Buffers, class Token>
    auto async_write_some(const Buffers& buffers, Token&& token) {
        return tls_ ? tls_->async_write_some(buffers, std::forward<Token>(token))
                    : tcp_.async_write_some(buffers, std::forward<Token>(token));
    }

private:
    boost::beast::tcp_stream tcp_;
    std::optional<boost::asio::ssl::stream<boost::beast::tcp_stream&>> tls_;
};

// Whether a handshake failed because the client speaks HTTP without TLS.
inline bool spoke_plainly(const boost::system::error_code& error) {
    return error.category() == boost::asio::error::get_ssl_category() &&
           ERR_GET_REASON(static_cast<unsigned long>(error.value())) == SSL_R_HTTP_REQUEST;
}

}  // namespace vignette
