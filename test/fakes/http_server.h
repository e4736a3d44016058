// A server on the loopback that answers as a test says, one thread a connection, and remembers what it heard.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace vignette {

struct HeardRequest {
    std::string method;
    std::string target;                          // path and query
    std::map<std::string, std::string> headers;  // names in lower case
    std::string body;
};

struct ServerAnswer {
    int status = 200;
    std::string body;
    std::string headers;  // "Name: value\r\n" lines
    enum class Way { whole, half, reset, silence } way = Way::whole;
    // Instead of all this: what goes over the connection, byte by byte. `send` says whether the client is
    // still there; the connection ends with the call.
    std::function<void(const std::function<bool(std::string_view)>& send)> by_hand;
};

// One that nobody has at any of these places of the loopback. It is not among those that the system gives to
// clients, whom other tests have many of.
int port_free_at(std::span<const char* const> places);

class HttpServer {
public:
    using Handler = std::function<ServerAnswer(const HeardRequest&)>;

    // `place`: of the loopback, "127.0.0.2" or "::1"; `port` 0: any.
    explicit HttpServer(Handler handler, const char* place = "127.0.0.1", int port = 0);
    ~HttpServer();

    std::string url(std::string_view path = "/") const;
    int port() const { return port_; }
    std::vector<HeardRequest> heard() const;
    int connections() const { return connections_; }

    // Waits until so many requests have been heard.
    void wait_for(std::size_t requests) const;

private:
    void accept_all();
    void serve(int socket);
    static bool send(int socket, const ServerAnswer& answer);

    Handler handler_;
    std::string host_;
    int listener_;
    int port_ = 0;
    std::atomic<int> connections_ = 0;
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::vector<HeardRequest> heard_;
    std::vector<int> sockets_;
    std::list<std::jthread> serving_;
    std::jthread accepting_;
};

}  // namespace vignette
