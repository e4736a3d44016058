// An HTTP client that sends whatever a test says, byte by byte if need be, over a socket of its own.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bit>
#include <csignal>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace vignette {

struct RawAnswer {
    int status = 0;  // 0: there was no answer
    std::string head;
    std::string body;

    bool has(std::string_view line) const { return head.contains("\r\n" + std::string(line) + "\r\n"); }
};

enum class Wire { plain, tls };

class RawClient {
public:
    explicit RawClient(std::uint16_t port, Wire wire = Wire::plain, int receive_buffer = 0)
        : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        if (receive_buffer > 0)
            setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
        const int one = 1;
        setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        const timeval patience{.tv_sec = 20, .tv_usec = 0};  // a test must not hang
        setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(port);
        connected_ = ::connect(socket_, std::bit_cast<sockaddr*>(&address), sizeof address) == 0;
        if (wire == Wire::tls) greet();
    }
    ~RawClient() { leave(); }
    RawClient(const RawClient&) = delete;
    RawClient& operator=(const RawClient&) = delete;

    bool connected() const { return connected_; }

    void leave() {
        if (socket_ >= 0) ::close(std::exchange(socket_, -1));
    }

    bool send(std::string_view bytes) const {
        while (!bytes.empty()) {
            const ssize_t sent = tls_ ? SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size()))
                                      : ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }

    // Up to and with the mark, or all there is until the server closes.
    std::string read_until(std::string_view mark) {
        while (!read_.contains(mark) && receive()) {
        }
        const std::size_t found = read_.find(mark);
        return take(found == std::string::npos ? read_.size() : found + mark.size());
    }

    std::string read_all() {
        while (receive()) {
        }
        return take(read_.size());
    }

    RawAnswer read_answer() {
        RawAnswer answer;
        answer.head = read_until("\r\n\r\n");
        if (!answer.head.starts_with("HTTP/1.1 ")) return answer;
        answer.status = std::stoi(answer.head.substr(9, 3));
        if (answer.has("Transfer-Encoding: chunked")) {
            answer.body = read_chunks();
        } else if (const auto length = length_of(answer.head)) {
            while (read_.size() < *length && receive()) {
            }
            answer.body = take(std::min(*length, read_.size()));
        }
        return answer;
    }

    RawAnswer ask(std::string_view request) {
        send(request);
        return read_answer();
    }

    bool closed_by_server() { return read_all().empty() && ended_; }

    std::string peer_name() const {  // in the server's certificate
        char name[64] = "";
        X509_NAME_get_text_by_NID(
            X509_get_subject_name(SSL_get0_peer_certificate(tls_.get())), NID_commonName, name, sizeof name
        );
        return name;
    }

private:
    void greet() {
        std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
        const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(
            SSL_CTX_new(TLS_client_method()), SSL_CTX_free
        );
        tls_.reset(SSL_new(context.get()));
        SSL_set_fd(tls_.get(), socket_);
        connected_ = connected_ && SSL_connect(tls_.get()) == 1;
    }

    static std::optional<std::size_t> length_of(const std::string& head) {
        constexpr std::string_view name = "\r\nContent-Length: ";
        const std::size_t found = head.find(name);
        if (found == std::string::npos) return std::nullopt;
        return std::stoul(head.substr(found + name.size()));
    }

    std::string read_chunks() {
        std::string body;
        while (true) {
            const std::string line = read_until("\r\n");
            const std::size_t size = line.empty() ? 0 : std::stoul(line, nullptr, 16);
            while (read_.size() < size + 2 && receive()) {
            }
            body += take(std::min(size, read_.size()));
            take(std::min<std::size_t>(2, read_.size()));
            if (size == 0) return body;
        }
    }

    bool receive() {
        char bytes[16'384];
        if (tls_) return receive_tls(bytes, sizeof bytes);
        const ssize_t got = ::recv(socket_, bytes, sizeof bytes, 0);
        ended_ = got == 0 || (got < 0 && errno == ECONNRESET);
        if (got <= 0) return false;
        read_.append(bytes, static_cast<std::size_t>(got));
        return true;
    }

    bool receive_tls(char* bytes, int room) {
        const int got = SSL_read(tls_.get(), bytes, room);
        ended_ = got <= 0 && SSL_get_error(tls_.get(), got) != SSL_ERROR_WANT_READ;
        if (got <= 0) return false;
        read_.append(bytes, static_cast<std::size_t>(got));
        return true;
    }

    std::string take(std::size_t count) {
        std::string taken = read_.substr(0, count);
        read_.erase(0, count);
        return taken;
    }

    int socket_;
    std::unique_ptr<SSL, decltype(&SSL_free)> tls_{nullptr, SSL_free};
    bool connected_ = false;
    bool ended_ = false;
    std::string read_;
};

}  // namespace vignette
