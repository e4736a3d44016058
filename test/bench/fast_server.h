// An HTTP server on the loopback that costs next to nothing, so that what talks to it is what is measured.
// One thread, epoll, keep-alive; bodies with a length or in chunks. An answer may be given later.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace vignette {

enum class ConnectionId : std::uint64_t {};

struct FastRequest {
    std::string_view method;
    std::string_view target;  // path and query
    std::string_view body;
};

class FastServer {
public:
    using Clock = std::chrono::steady_clock;
    using Handler = std::function<void(ConnectionId, const FastRequest&)>;

    explicit FastServer(Handler handler);
    ~FastServer();
    FastServer(const FastServer&) = delete;
    FastServer& operator=(const FastServer&) = delete;

    int port() const { return port_; }

    // To the one request of this connection that waits; nothing happens when the connection has gone.
    void answer(ConnectionId to, int status, std::string_view body);

    // Serves until the time has come or stop() is called from a handler.
    void serve_until(Clock::time_point end);
    void stop() { stopped_ = true; }

private:
    struct Connection {
        int socket = -1;
        std::string in;
        std::string out;
        std::size_t sent = 0;
        bool answering = false;       // the handler has a request that is not answered yet
        bool told_to_go_on = false;   // "Expect: 100-continue" was answered
        bool waits_for_room = false;  // epoll watches for writing too
    };

    void accept_all();
    void serve(ConnectionId id, std::uint32_t events);
    void read(ConnectionId id);
    void handle_complete(ConnectionId id);
    std::size_t handle_one(ConnectionId id, std::string_view in);
    bool send(ConnectionId id);  // false: the connection is gone
    void watch(ConnectionId id, bool for_room);
    void drop(ConnectionId id);

    Handler handler_;
    int epoll_ = -1;
    int listener_ = -1;
    int port_ = 0;
    bool stopped_ = false;
    std::uint64_t last_id_ = 0;  // 0 is the listener's
    std::unordered_map<std::uint64_t, Connection> connections_;
    std::string buffer_;  // of one read
    std::string chunks_;  // of one body that came in chunks
};

}  // namespace vignette
