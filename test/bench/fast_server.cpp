#include "fast_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <optional>
#include <system_error>
#include <utility>

namespace vignette {
namespace {

constexpr std::size_t body_bytes_max = 32U << 20U;
constexpr std::size_t head_bytes_max = 64U << 10U;
constexpr std::size_t read_bytes = 1U << 20U;

int checked(int result, const char* what) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
    return result;
}

bool same_name(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) {
        return std::tolower(x) == std::tolower(y);
    });
}

struct Head {
    FastRequest request;
    std::size_t bytes = 0;
    std::size_t body_bytes = 0;
    bool chunked = false;
    bool expects_go_on = false;
};

void read_header(Head& head, std::string_view name, std::string_view value) {
    value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
    if (same_name(name, "content-length")) {
        std::from_chars(value.data(), value.data() + value.size(), head.body_bytes);
    }
    if (same_name(name, "transfer-encoding")) head.chunked = same_name(value, "chunked");
    if (same_name(name, "expect")) head.expects_go_on = same_name(value, "100-continue");
}

// Empty while the head has not arrived whole.
std::optional<Head> read_head(std::string_view text) {
    const std::size_t end = text.find("\r\n\r\n");
    if (end == std::string_view::npos) return std::nullopt;
    Head head{.bytes = end + 4};
    std::size_t at = text.find("\r\n");
    const std::string_view line = text.substr(0, at);
    const std::size_t first = line.find(' ');
    const std::size_t last = line.rfind(' ');
    if (first != std::string_view::npos && last > first) {
        head.request.method = line.substr(0, first);
        head.request.target = line.substr(first + 1, last - first - 1);
    }
    while (at < end) {
        const std::size_t start = at + 2;
        at = text.find("\r\n", start);
        const std::string_view header = text.substr(start, at - start);
        const std::size_t colon = header.find(':');
        if (colon != std::string_view::npos) {
            read_header(head, header.substr(0, colon), header.substr(colon + 1));
        }
    }
    return head;
}

bool is_too_large(std::size_t received, const std::optional<Head>& head) {
    if (!head) return received > head_bytes_max;
    return head->body_bytes > body_bytes_max || received > head_bytes_max + body_bytes_max;
}

// How many bytes the chunks take; empty while they have not arrived whole.
std::optional<std::size_t> join_chunks(std::string_view text, std::string& joined) {
    joined.clear();
    std::size_t at = 0;
    while (true) {
        const std::size_t line_end = text.find("\r\n", at);
        if (line_end == std::string_view::npos) return std::nullopt;
        std::size_t bytes = 0;
        std::from_chars(text.data() + at, text.data() + line_end, bytes, 16);
        at = line_end + 2;
        if (bytes > text.size() || at + bytes + 2 > text.size()) return std::nullopt;
        if (bytes == 0) return at + 2;
        joined.append(text.substr(at, bytes));
        at += bytes + 2;
    }
}

std::string_view reason(int status) {
    switch (status) {
        case 200: return "OK";
        case 204: return "No Content";
        default: return "Not Found";
    }
}

}  // namespace

FastServer::FastServer(Handler handler) : handler_(std::move(handler)), buffer_(read_bytes, '\0') {
    epoll_ = checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    listener_ = checked(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    checked(bind(listener_, std::bit_cast<sockaddr*>(&address), size), "bind");
    checked(listen(listener_, 1024), "listen");
    checked(getsockname(listener_, std::bit_cast<sockaddr*>(&address), &size), "getsockname");
    port_ = ntohs(address.sin_port);
    epoll_event event{.events = EPOLLIN, .data = {.u64 = 0}};
    checked(epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event), "epoll_ctl");
}

FastServer::~FastServer() {
    for (const auto& [id, connection] : connections_) close(connection.socket);
    close(listener_);
    close(epoll_);
}

void FastServer::answer(ConnectionId to, int status, std::string_view body) {
    const auto found = connections_.find(std::to_underlying(to));
    if (found == connections_.end() || !found->second.answering) return;
    Connection& connection = found->second;
    connection.answering = false;
    connection.out += "HTTP/1.1 " + std::to_string(status) + ' ';
    connection.out += reason(status);
    if (status != 204) {
        connection.out += "\r\nContent-Type: application/json\r\nContent-Length: ";
        connection.out += std::to_string(body.size());
    }
    connection.out += "\r\n\r\n";
    connection.out += body;
    send(to);
}

void FastServer::serve_until(Clock::time_point end) {
    stopped_ = false;
    std::array<epoll_event, 256> events{};
    while (!stopped_ && Clock::now() < end) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
        const auto wait = static_cast<int>(std::clamp<long>(left, 0, 1000));
        const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), wait);
        for (int i = 0; i < count && !stopped_; ++i) {
            const epoll_event& event = events[static_cast<std::size_t>(i)];
            if (event.data.u64 == 0) {
                accept_all();
            } else {
                serve(ConnectionId{event.data.u64}, event.events);
            }
        }
    }
}

void FastServer::accept_all() {
    while (true) {
        const int socket = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (socket < 0) return;
        const int yes = 1;
        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        const std::uint64_t id = ++last_id_;
        connections_[id].socket = socket;
        epoll_event event{.events = EPOLLIN, .data = {.u64 = id}};
        checked(epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event), "epoll_ctl");
    }
}

void FastServer::serve(ConnectionId id, std::uint32_t events) {
    if (!connections_.contains(std::to_underlying(id))) return;  // gone since epoll told
    if ((events & EPOLLOUT) != 0 && !send(id)) return;
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read(id);
}

void FastServer::read(ConnectionId id) {
    Connection& connection = connections_.at(std::to_underlying(id));
    const ssize_t bytes = recv(connection.socket, buffer_.data(), buffer_.size(), 0);
    if (bytes < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (bytes <= 0) return drop(id);
    connection.in.append(buffer_, 0, static_cast<std::size_t>(bytes));
    handle_complete(id);
}

// What has arrived whole, one request after another, as long as each is answered.
void FastServer::handle_complete(ConnectionId id) {
    for (auto found = connections_.find(std::to_underlying(id)); found != connections_.end();
         found = connections_.find(std::to_underlying(id))) {
        if (found->second.answering || found->second.in.empty()) return;
        // Out of the connection: the handler reads the request where it lies, and the connection may go
        // meanwhile.
        std::string in;
        in.swap(found->second.in);
        const std::size_t taken = handle_one(id, in);
        const auto still = connections_.find(std::to_underlying(id));
        if (still == connections_.end()) return;
        in.erase(0, taken);
        still->second.in.swap(in);
        if (taken == 0) return;
    }
}

// The bytes of the request; none while it is not whole.
std::size_t FastServer::handle_one(ConnectionId id, std::string_view in) {
    Connection& connection = connections_.at(std::to_underlying(id));
    std::optional<Head> head = read_head(in);
    if (is_too_large(in.size(), head)) drop(id);
    if (!head || is_too_large(in.size(), head)) return 0;
    if (head->expects_go_on && !std::exchange(connection.told_to_go_on, true)) {
        connection.out += "HTTP/1.1 100 Continue\r\n\r\n";
        if (!send(id)) return 0;
    }
    const std::string_view rest = in.substr(head->bytes);
    const std::optional<std::size_t> taken =
        head->chunked ? join_chunks(rest, chunks_) : std::optional(head->body_bytes);
    if (!taken || rest.size() < *taken) return 0;
    head->request.body = head->chunked ? std::string_view(chunks_) : rest.substr(0, *taken);
    connection.answering = true;
    connection.told_to_go_on = false;
    handler_(id, head->request);
    return head->bytes + *taken;
}

bool FastServer::send(ConnectionId id) {
    Connection& connection = connections_.at(std::to_underlying(id));
    while (connection.sent < connection.out.size()) {
        const std::string_view rest = std::string_view(connection.out).substr(connection.sent);
        const ssize_t bytes = ::send(connection.socket, rest.data(), rest.size(), MSG_NOSIGNAL);
        if (bytes < 0 && errno == EAGAIN) {
            watch(id, true);
            return true;
        }
        if (bytes <= 0) {
            drop(id);
            return false;
        }
        connection.sent += static_cast<std::size_t>(bytes);
    }
    connection.out.clear();
    connection.sent = 0;
    watch(id, false);
    return true;
}

void FastServer::watch(ConnectionId id, bool for_room) {
    Connection& connection = connections_.at(std::to_underlying(id));
    if (std::exchange(connection.waits_for_room, for_room) == for_room) return;
    const std::uint32_t wanted = for_room ? EPOLLIN | EPOLLOUT : EPOLLIN;
    epoll_event event{.events = wanted, .data = {.u64 = std::to_underlying(id)}};
    checked(epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.socket, &event), "epoll_ctl");
}

void FastServer::drop(ConnectionId id) {
    const auto found = connections_.find(std::to_underlying(id));
    close(found->second.socket);
    connections_.erase(found);
}

}  // namespace vignette
