#include "net/server/web_server.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "core/host/cores.h"
#include "core/log.h"
#include "core/mutex.h"
#include "net/server/certificate.h"
#include "net/server/connection.h"

namespace vignette {

namespace asio = boost::asio;
using asio::ip::tcp;

// The listener, the threads and the connections that are open.
class WebServer::Loop : public ConnectionHost {
public:
    Loop(const WebServerOptions& options, WebHandlers handlers)
        : options_(options),
          handlers_(std::move(handlers)),
          room_for_bodies_(options.bodies_bytes_max),
          lanes_(lanes_for(options.threads)),
          acceptor_(lanes_.front()->get_executor()) {}

    ~Loop() override {
        for (const auto& lane : lanes_) lane->stop();
        threads_.clear();  // joins
        cut_off_all();     // before the lanes go: nobody may post to one that is being destroyed
    }

    Result<void> start() {
        if (options_.tls) certificate_ = TRY(Certificate::read(*options_.tls));
        boost::system::error_code error;
        const auto address = asio::ip::make_address(options_.host, error);
        if (error)
            return fail(
                ErrorCode::usage,
                "cannot listen on " + options_.host + ": give an IP address, such as 127.0.0.1 or 0.0.0.0"
            );
        const tcp::endpoint endpoint(address, options_.port);
        error = acceptor_.open(endpoint.protocol(), error);
        if (!error) error = acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
        if (!error) error = acceptor_.bind(endpoint, error);
        if (!error) error = acceptor_.listen(4096, error);
        if (error) {
            return fail(
                ErrorCode::usage, "cannot listen on " + options_.host + ":" + std::to_string(options_.port) +
                                      ": " + error.message() + "; choose another --port"
            );
        }
        port_ = acceptor_.local_endpoint().port();
        asio::co_spawn(acceptor_.get_executor(), accept_all(), asio::detached);
        if (certificate_) asio::co_spawn(acceptor_.get_executor(), renew_certificate(), asio::detached);
        for (const auto& lane : lanes_) {
            threads_.emplace_back([&context = *lane] {
                const auto stay = asio::make_work_guard(context);
                context.run();
            });
        }
        return {};
    }

    std::uint16_t port() const { return port_; }

    bool drain(std::chrono::steady_clock::time_point deadline) {
        draining_ = true;
        asio::post(acceptor_.get_executor(), [this] {
            boost::system::error_code ignored;
            ignored = acceptor_.close(ignored);
        });
        MutexLock lock(mutex_);
        for (Connection* connection : open_) connection->close_if_idle();
        return ended_.wait_until(lock, deadline, [this]() REQUIRES(mutex_) { return open_.empty(); });
    }

    const WebServerOptions& options() const override { return options_; }
    const WebHandlers& handlers() const override { return handlers_; }
    std::shared_ptr<asio::ssl::context> tls() override {
        return certificate_ ? certificate_->context() : nullptr;
    }
    ByteRoom& room_for_bodies() override { return room_for_bodies_; }
    bool draining() const override { return draining_; }

    void opened(Connection& connection) override {
        const MutexLock lock(mutex_);
        open_.insert(&connection);
    }
    void ended(Connection& connection) override {
        const MutexLock lock(mutex_);
        open_.erase(&connection);
        ended_.notify_all();
    }

private:
    // One for each thread: what belongs to a connection happens on its lane, one after the other, without
    // locks. More than there are cores to use would only take turns.
    using Lanes = std::vector<std::unique_ptr<asio::io_context>>;
    static Lanes lanes_for(int threads) {
        Lanes lanes;
        for (int i = 0; i < std::max(1, std::min(threads, usable_cores())); ++i)
            lanes.push_back(std::make_unique<asio::io_context>(1));
        return lanes;
    }

    void cut_off_all() {
        std::vector<Connection*> open;
        {
            const MutexLock lock(mutex_);
            open.assign(open_.begin(), open_.end());
        }
        for (Connection* connection : open) connection->cut_off();
    }

    bool full() {
        const MutexLock lock(mutex_);
        return open_.size() >= static_cast<std::size_t>(options_.connections_max);
    }

    asio::awaitable<void> accept_all() {
        for (std::size_t count = 0; !draining_; ++count) {
            boost::system::error_code error;
            tcp::socket socket = co_await acceptor_.async_accept(
                *lanes_[count % lanes_.size()], asio::redirect_error(asio::use_awaitable, error)
            );
            if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) co_return;
            if (error) {  // no descriptors left, most likely: those that end make room
                log_warning("cannot accept a connection: " + error.message());
                asio::steady_timer pause(acceptor_.get_executor(), std::chrono::milliseconds(100));
                co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
                continue;
            }
            if (full()) continue;  // closes it
            serve_connection(std::move(socket), *this);
        }
    }

    asio::awaitable<void> renew_certificate() {
        while (true) {
            asio::steady_timer pause(acceptor_.get_executor(), options_.tls_look_time);
            co_await pause.async_wait(asio::use_awaitable);
            certificate_->look_again();
        }
    }

    const WebServerOptions options_;
    const WebHandlers handlers_;
    std::optional<Certificate> certificate_;  // on the acceptor's lane
    ByteRoom room_for_bodies_;
    std::atomic<bool> draining_ = false;
    std::uint16_t port_ = 0;
    Mutex mutex_;
    std::condition_variable_any ended_;
    std::set<Connection*> open_ GUARDED_BY(mutex_);
    Lanes lanes_;  // after what their coroutines use when they are destroyed with them
    tcp::acceptor acceptor_;
    std::vector<std::jthread> threads_;
};

WebServer::WebServer(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}
WebServer::~WebServer() = default;

Result<std::unique_ptr<WebServer>> WebServer::start(const WebServerOptions& options, WebHandlers handlers) {
    auto loop = std::make_unique<Loop>(options, std::move(handlers));
    TRY(loop->start());
    return std::make_unique<WebServer>(std::move(loop));
}

std::uint16_t WebServer::port() const { return loop_->port(); }

bool WebServer::drain(std::chrono::steady_clock::time_point deadline) { return loop_->drain(deadline); }

}  // namespace vignette
