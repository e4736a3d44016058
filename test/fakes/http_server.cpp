#include "fakes/http_server.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <optional>
#include <random>

#include "vignette/invariant.h"

namespace vignette {
namespace {

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

// More bytes of the connection behind `text`; false when it has ended.
bool read_more(int socket, std::string& text) {
    char buffer[16384];
    const ssize_t count = ::recv(socket, buffer, sizeof buffer, 0);
    if (count > 0) text.append(buffer, static_cast<std::size_t>(count));
    return count > 0;
}

std::optional<HeardRequest> read_request(int socket, std::string& text) {
    std::size_t end = 0;
    while ((end = text.find("\r\n\r\n")) == std::string::npos) {
        if (!read_more(socket, text)) return std::nullopt;
    }
    HeardRequest request;
    const std::string head = text.substr(0, end);
    text.erase(0, end + 4);
    const std::size_t space = head.find(' ');
    request.method = head.substr(0, space);
    request.target = head.substr(space + 1, head.find(' ', space + 1) - space - 1);
    for (std::size_t at = head.find("\r\n"); at != std::string::npos; at = head.find("\r\n", at + 2)) {
        const std::string line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
        const std::size_t colon = line.find(": ");
        request.headers[lower(line.substr(0, colon))] = line.substr(colon + 2);
    }
    std::size_t length = 0;
    if (const auto found = request.headers.find("content-length"); found != request.headers.end()) {
        length = std::stoul(found->second);
    }
    while (text.size() < length) {
        if (!read_more(socket, text)) return std::nullopt;
    }
    request.body = text.substr(0, length);
    text.erase(0, length);
    return request;
}

// False when the client has hung up.
bool send_all(int socket, std::string_view text) {
    while (!text.empty()) {
        const ssize_t count = ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
        if (count <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

struct Listener {
    int socket = -1;  // none: somebody else has the place
    sockaddr_storage address{};
    socklen_t bytes = sizeof(sockaddr_storage);

    Listener(const char* place, int port) {
        addrinfo hints{};
        hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
        hints.ai_socktype = SOCK_STREAM;
        addrinfo* found = nullptr;
        ASSERT(::getaddrinfo(place, std::to_string(port).c_str(), &hints, &found) == 0);
        const int made = ::socket(found->ai_family, SOCK_STREAM, 0);
        const bool bound = ::bind(made, found->ai_addr, found->ai_addrlen) == 0 && ::listen(made, 64) == 0;
        ::freeaddrinfo(found);
        if (!bound) {
            ::close(made);
            return;
        }
        socket = made;
        ASSERT(::getsockname(socket, std::bit_cast<sockaddr*>(&address), &bytes) == 0);
    }
};

bool is_free(const char* place, int port) {
    const Listener tried(place, port);
    if (tried.socket >= 0) ::close(tried.socket);
    return tried.socket >= 0;
}

}  // namespace

int port_free_at(std::span<const char* const> places) {
    std::uniform_int_distribution below_those_of_clients(20'000, 32'000);
    std::random_device random;
    for (;;) {
        const int port = below_those_of_clients(random);
        if (std::ranges::all_of(places, [&](const char* place) { return is_free(place, port); })) return port;
    }
}

HttpServer::HttpServer(Handler handler, const char* place, int port)
    : handler_(std::move(handler)), host_(place) {
    const Listener listener(place, port);
    ASSERT(listener.socket >= 0);
    listener_ = listener.socket;
    if (listener.address.ss_family == AF_INET6) host_ = "[" + host_ + "]";
    char port_text[NI_MAXSERV] = {};
    ASSERT(
        ::getnameinfo(
            std::bit_cast<const sockaddr*>(&listener.address), listener.bytes, nullptr, 0, port_text,
            sizeof port_text, NI_NUMERICSERV
        ) == 0
    );
    port_ = std::stoi(port_text);
    accepting_ = std::jthread([this] { accept_all(); });
}

HttpServer::~HttpServer() {
    ::shutdown(listener_, SHUT_RDWR);
    accepting_.join();
    {
        const std::lock_guard lock(mutex_);
        for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
    }
    serving_.clear();
    for (const int socket : sockets_) ::close(socket);
    ::close(listener_);
}

std::string HttpServer::url(std::string_view path) const {
    return "http://" + host_ + ":" + std::to_string(port_) + std::string(path);
}

std::vector<HeardRequest> HttpServer::heard() const {
    const std::lock_guard lock(mutex_);
    return heard_;
}

void HttpServer::wait_for(std::size_t requests) const {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return heard_.size() >= requests; });
}

void HttpServer::accept_all() {
    while (true) {
        const int socket = ::accept(listener_, nullptr, nullptr);
        if (socket < 0) return;
        ++connections_;
        const std::lock_guard lock(mutex_);
        sockets_.push_back(socket);
        serving_.emplace_back([this, socket] { serve(socket); });
    }
}

void HttpServer::serve(int socket) {
    std::string text;
    while (const std::optional<HeardRequest> request = read_request(socket, text)) {
        const ServerAnswer answer = handler_(*request);  // first: a plan's answers go out in the order heard
        {
            const std::lock_guard lock(mutex_);
            heard_.push_back(*request);
            changed_.notify_all();
        }
        if (!send(socket, answer)) return;
    }
}

// False when the connection is of no more use.
bool HttpServer::send(int socket, const ServerAnswer& answer) {
    if (answer.by_hand) {
        answer.by_hand([socket](std::string_view text) { return send_all(socket, text); });
        ::shutdown(socket, SHUT_RDWR);
        return false;
    }
    if (answer.way == ServerAnswer::Way::silence)
        return true;  // the next request is read, this one never answered
    if (answer.way == ServerAnswer::Way::reset) {
        const linger at_once{.l_onoff = 1, .l_linger = 0};
        ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        ::shutdown(socket, SHUT_RDWR);
        return false;
    }
    std::string text = "HTTP/1.1 " + std::to_string(answer.status) + " As the test says\r\n" +
                       answer.headers + "Content-Length: " + std::to_string(answer.body.size()) + "\r\n\r\n";
    const bool whole = answer.way == ServerAnswer::Way::whole;
    text += whole ? answer.body : answer.body.substr(0, answer.body.size() / 2);
    send_all(socket, text);
    if (!whole) ::shutdown(socket, SHUT_RDWR);
    return whole;
}

}  // namespace vignette
