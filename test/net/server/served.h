// A server of a test, and what it was asked.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "net/server/web_server.h"
#include "raw_client.h"

namespace vignette {

inline std::string get(const std::string& path, const std::string& fields = {}) {
    return "GET " + path + " HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n";
}

inline std::string post(const std::string& path, const std::string& body, const std::string& fields = {}) {
    return "POST " + path + " HTTP/1.1\r\nHost: h\r\n" + fields +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

class Echo final : public BodySink {
public:
    explicit Echo(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}

    void add(std::string_view piece) override {
        begin();
        exchange_->write(std::string(piece));
        if (piece.contains("enough")) exchange_->end();
    }
    void end() override {
        begin();
        exchange_->end();
    }

private:
    void begin() {
        if (!std::exchange(begun_, true))
            exchange_->begin({.status = 200, .body = {}, .content_type = "text/plain", .fields = {}});
    }

    const std::shared_ptr<Exchange> exchange_;
    bool begun_ = false;
};

class Served {
public:
    using Handle = std::function<void(std::shared_ptr<Exchange>)>;

    // Answers with method, path and body, unless the test knows better. A path that begins with /early is
    // answered before its body is read, with /echo by the body itself, as it comes.
    explicit Served(WebServerOptions options = {}, Handle handle = say_what_was_asked)
        : handle_(std::move(handle)) {
        WebHandlers handlers{
            .on_head = [](const ServedRequest& head) -> std::optional<ServedResponse> {
                if (!head.path.starts_with("/early")) return std::nullopt;
                return ServedResponse{
                    .status = 401, .body = "no", .content_type = "text/plain", .fields = {}
                };
            },
            .on_request = [this](std::shared_ptr<Exchange> exchange) { note(std::move(exchange)); },
            .refuse =
                [](int status, const std::string& message, const ServedRequest*) {
                    return ServedResponse{
                        .status = status, .body = message, .content_type = "text/plain", .fields = {}
                    };
                },
            .in_pieces = [](const ServedRequest& head) { return head.path.starts_with("/echo"); },
            .on_pieces = [](std::shared_ptr<Exchange> exchange) -> std::shared_ptr<BodySink> {
                return std::make_shared<Echo>(std::move(exchange));
            },
        };
        server_ = WebServer::start(options, std::move(handlers)).value();
    }

    std::uint16_t port() const { return server_->port(); }
    WebServer& server() { return *server_; }
    void destroy() { server_.reset(); }

    std::vector<std::string> seen() const {
        const std::lock_guard lock(mutex_);
        return seen_;
    }
    void wait_for(std::size_t requests) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return seen_.size() >= requests; });
    }

    static void say_what_was_asked(const std::shared_ptr<Exchange>& exchange) {
        const ServedRequest& asked = exchange->request();
        exchange->answer({
            .status = 200,
            .body = asked.method + " " + asked.path + " " + asked.body,
            .content_type = "text/plain",
            .fields = {},
        });
    }

private:
    void note(std::shared_ptr<Exchange> exchange) {
        {
            const std::lock_guard lock(mutex_);
            seen_.push_back(exchange->request().path);
            changed_.notify_all();
        }
        handle_(std::move(exchange));
    }

    const Handle handle_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> seen_;
    std::unique_ptr<WebServer> server_;  // last member
};

// Exchanges that a test answers itself, when it likes.
class Shelf {
public:
    Served::Handle handler() {
        return [this](std::shared_ptr<Exchange> exchange) {
            const std::lock_guard lock(mutex_);
            kept_.push_back(std::move(exchange));
            changed_.notify_all();
        };
    }
    std::shared_ptr<Exchange> take() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return !kept_.empty(); });
        std::shared_ptr<Exchange> first = std::move(kept_.front());
        kept_.erase(kept_.begin());
        return first;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::shared_ptr<Exchange>> kept_;
};

}  // namespace vignette
