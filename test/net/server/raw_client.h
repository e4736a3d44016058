// An HTTP client that sends whatever a test says, byte by byte if need be, over a socket of its own.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bit>
#include <cstdint>
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

class RawClient {
public:
    explicit RawClient(std::uint16_t port, int receive_buffer = 0)
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
            const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
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

private:
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
        const ssize_t got = ::recv(socket_, bytes, sizeof bytes, 0);
        ended_ = got == 0 || (got < 0 && errno == ECONNRESET);
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
    bool connected_ = false;
    bool ended_ = false;
    std::string read_;
};

}  // namespace vignette
