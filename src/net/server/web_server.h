// An HTTP/1.1 server: bounded in connections, bytes and time. What is served is its caller's business.
//
// A few threads of its own read and write; the handlers are called on them and must not block.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/server/exchange.h"
#include "vignette/bytes.h"
#include "vignette/error.h"

namespace vignette {

struct TlsFiles {             // both in PEM
    std::string certificate;  // the server's own first, then the intermediate ones
    std::string key;
};

struct WebServerOptions {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;  // 0: any
    std::optional<TlsFiles> tls;
    int threads = 2;
    std::size_t header_bytes_max = 16 * KiB;
    std::size_t body_bytes_max = 32 * MiB;
    std::size_t bodies_bytes_max = 1024 * MiB;  // of all that are being read
    std::size_t unsent_bytes_max = 16 * MiB;    // of a client that does not read its stream
    int connections_max = 4096;
    std::chrono::milliseconds idle_time{75'000};  // between two requests
    std::chrono::milliseconds header_time{10'000};
    std::chrono::milliseconds body_time{60'000};
    std::chrono::milliseconds write_time{30'000};    // for one piece
    std::chrono::milliseconds tls_look_time{2'000};  // between two looks at the certificate's files
};

// Writes what the server itself has to say: a request too large, broken or too slow. `head`: null if it could
// not be read.
using Refuse =
    std::function<ServedResponse(int status, const std::string& message, const ServedRequest* head)>;

struct WebHandlers {
    // Looks at a request whose body has not been read yet; an answer from here ends it.
    std::function<std::optional<ServedResponse>(const ServedRequest& head)> on_head;
    std::function<void(std::shared_ptr<Exchange>)> on_request;
    Refuse refuse;
    // Whether a request's body goes to a sink as it comes, and which; such a request has no other body. May
    // be empty.
    std::function<bool(const ServedRequest& head)> in_pieces = {};
    std::function<std::shared_ptr<BodySink>(std::shared_ptr<Exchange>)> on_pieces = {};
    // What goes with every answer to a request, whoever writes it. May be empty.
    std::function<std::vector<HttpField>(const ServedRequest& head)> extra_fields = {};
};

class WebServer {
public:
    // Listens when it returns.
    static Result<std::unique_ptr<WebServer>> start(const WebServerOptions& options, WebHandlers handlers);
    class Loop;
    explicit WebServer(std::unique_ptr<Loop> loop);
    ~WebServer();  // cuts what is still open

    std::uint16_t port() const;

    // Takes no more connections, lets running exchanges end and waits for that, at most until the deadline.
    // False if some were still running then.
    bool drain(std::chrono::steady_clock::time_point deadline);

private:
    std::unique_ptr<Loop> loop_;
};

}  // namespace vignette
