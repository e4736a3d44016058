#include "net/server/connection.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <cstdint>
#include <utility>

#include "core/random_hex.h"
#include "net/server/answer_queue.h"
#include "net/server/body_reader.h"
#include "net/server/client_stream.h"
#include "net/server/message_text.h"
#include "net/server/request_head.h"
#include "net/server/served_exchange.h"

namespace vignette {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

constexpr std::chrono::milliseconds look_again{100};
constexpr std::chrono::seconds linger_max{10};
constexpr std::chrono::seconds linger_silent{1};

class TcpConnection : public Connection, public std::enable_shared_from_this<TcpConnection> {
public:
    TcpConnection(asio::ip::tcp::socket socket, ConnectionHost& host)
        : stream_(std::move(socket), host.tls()),
          buffer_(host.options().header_bytes_max + 2 * read_bytes),
          wake_(stream_.get_executor()),
          host_(host),
          options_(host.options()) {
        host_.opened(*this);
    }
    TcpConnection(const TcpConnection&) = delete;
    TcpConnection& operator=(const TcpConnection&) = delete;
    ~TcpConnection() override {
        if (queue_) queue_->detach();
        host_.ended(*this);
    }

    void close_if_idle() override {
        // Not shared_from_this(): the host calls this while the connection may be ending.
        asio::post(stream_.get_executor(), [weak = weak_from_this()] {
            if (const auto self = weak.lock(); self && self->idle_) self->stream_.close();
        });
    }

    void cut_off() override {
        if (queue_) queue_->detach();
    }

    asio::awaitable<void> serve() {
        error_code ignored;
        ignored = stream_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
        if (co_await greet())
            while (co_await serve_one()) {
            }
        co_await close();
    }

private:
    // The handshake of TLS; it takes as long as a header may.
    asio::awaitable<bool> greet() {
        if (!stream_.is_tls()) co_return true;
        idle_ = true;
        stream_.expires_after(options_.header_time);
        error_code error;
        co_await stream_.handshake(use(error));
        idle_ = false;
        if (!spoke_plainly(error)) co_return !error;
        stream_.drop_tls();
        co_return co_await refuse(400, "this port speaks HTTPS; ask at https://");
    }

    // False when the connection is to be closed.
    asio::awaitable<bool> serve_one() {
        head_.reset();
        extra_.clear();
        if (!co_await wait_for_request()) co_return false;
        request_id_.clear();
        RequestParser parser;
        parser.header_limit(static_cast<std::uint32_t>(options_.header_bytes_max));
        parser.body_limit(options_.body_bytes_max);
        error_code error;
        co_await read_head(stream_, buffer_, parser, options_.header_time, error);
        if (error == http::error::body_limit) note_head(parser);  // a length too large, behind a whole head
        if (error) co_return co_await refuse(error);
        is_http10_ = parser.get().version() < 11;
        keep_ = parser.keep_alive() && !is_http10_ && !host_.draining();
        is_head_ = parser.get().method() == http::verb::head;
        if (const std::string complaint = complaint_about(parser.get()); !complaint.empty())
            co_return co_await refuse(400, complaint);

        note_head(parser);
        if (std::optional<ServedResponse> early = host_.handlers().on_head(*head_)) {
            keep_ = keep_ && parser.is_done();
            co_return co_await send_whole(*std::move(early)) && keep_;
        }
        const std::size_t bytes = parser.content_length().value_or(options_.body_bytes_max);
        std::optional<ByteRoom::Lease> lease = host_.room_for_bodies().take(parser.is_done() ? 0 : bytes);
        if (!lease) co_return co_await refuse(503, "too much is being sent at once; try again later");
        if (!co_await invite_body(parser)) co_return false;
        if (host_.handlers().in_pieces && host_.handlers().in_pieces(*head_))
            co_return co_await answer_pieces(parser, *std::move(lease)) && keep_;
        if (!parser.is_done()) {
            stream_.expires_after(options_.body_time);
            head_->body = co_await read_body(stream_, buffer_, parser, error);
            if (error) co_return co_await refuse(error);
        }
        lease.reset();
        co_return co_await answer(*std::exchange(head_, std::nullopt)) && keep_;
    }

    void note_head(const RequestParser& parser) {
        head_ = read_head(parser.get());
        request_id_ = head_->id;
        if (host_.handlers().extra_fields) extra_ = host_.handlers().extra_fields(*head_);
    }

    asio::awaitable<bool> wait_for_request() {
        if (buffer_.size() > 0) co_return true;  // it was sent behind the last one
        if (host_.draining()) co_return false;
        idle_ = true;
        stream_.expires_after(options_.idle_time);
        error_code error;
        const std::size_t got = co_await stream_.async_read_some(buffer_.prepare(2048), use(error));
        idle_ = false;
        buffer_.commit(got);
        co_return !error;
    }

    // Some clients send a body only when they have been told to.
    asio::awaitable<bool> invite_body(const RequestParser& parser) {
        const bool waits = !parser.is_done() && !is_http10_ &&
                           beast::iequals(parser.get()[http::field::expect], "100-continue");
        if (!waits) co_return true;
        constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        co_return co_await send(std::string(go_on));
    }

    // Says what is wrong with a request, where there still is somebody to tell.
    asio::awaitable<bool> refuse(const error_code& error) {
        if (const std::optional<Complaint> complaint = complaint_about(error))
            co_await refuse(complaint->status, complaint->message);
        co_return false;
    }

    asio::awaitable<bool> refuse(int status, std::string message) {
        keep_ = false;
        is_head_ = false;
        co_await send_whole(host_.handlers().refuse(status, message, head_ ? &*head_ : nullptr));
        co_return false;
    }

    // Has the request served and sends what its owner says. False if the client has left.
    asio::awaitable<bool> answer(ServedRequest request) {
        queue_ = std::make_shared<AnswerQueue>(options_.unsent_bytes_max);
        host_.handlers().on_request(
            std::make_shared<ServedExchange>(std::move(request), queue_, host_.handlers().refuse)
        );
        const bool is_made = queue_->ended();  // and need not be waited for
        if (!is_made) expect_more();
        const bool sent = co_await send_answer();
        if (!is_made) {
            ++watch_;
            stream_.socket().cancel();
        }
        queue_->detach();
        queue_.reset();
        co_return sent;
    }

    // The same for a request whose body goes to its owner as it comes: the answer may begin before its end.
    // What has come may wait for its turn, so it keeps its room until all is answered.
    asio::awaitable<bool> answer_pieces(RequestParser& parser, ByteRoom::Lease /*room*/) {
        queue_ = std::make_shared<AnswerQueue>(options_.unsent_bytes_max);
        std::shared_ptr<BodySink> sink = host_.handlers().on_pieces(std::make_shared<ServedExchange>(
            *std::exchange(head_, std::nullopt), queue_, host_.handlers().refuse
        ));
        attach_queue();
        reads_ = true;
        asio::co_spawn(
            stream_.get_executor(), give_pieces(shared_from_this(), parser, std::move(sink)), asio::detached
        );
        const bool sent = co_await send_answer();
        keep_ = keep_ && !reads_;
        ++watch_;
        stream_.socket().cancel();
        while (reads_) co_await wait_for_wake();
        queue_->detach();
        queue_.reset();
        co_return sent;
    }

    static asio::awaitable<void> give_pieces(
        std::shared_ptr<TcpConnection> self, RequestParser& parser, std::shared_ptr<BodySink> sink
    ) {
        error_code error;
        co_await read_pieces(
            self->stream_, self->buffer_, parser, *sink,
            std::chrono::steady_clock::now() + self->options_.body_time, error
        );
        self->reads_ = false;
        if (!error) sink->end();
        if (error)
            self->break_off(error);
        else if (self->queue_ && !self->queue_->ended())
            self->begin_watch();
        self->wake_.cancel();
    }

    // The rest of the body will not come.
    void break_off(const error_code& error) {
        if (!queue_ || queue_->ended()) return;
        keep_ = false;
        if (const auto complaint = complaint_about(error); complaint && !queue_->begun()) {
            queue_->add(
                {.kind = AnswerQueue::Part::Kind::whole,
                 .response = host_.handlers().refuse(complaint->status, complaint->message, nullptr),
                 .piece = {}}
            );
        } else {
            left_ = true;
            queue_->detach();
        }
    }

    void expect_more() {
        attach_queue();
        begin_watch();
    }

    void attach_queue() {
        queue_->attach([weak = weak_from_this(), executor = stream_.get_executor()] {
            asio::post(executor, [weak] {
                if (const auto self = weak.lock()) self->look_at_queue();
            });
        });
    }

    void begin_watch() {
        ++watch_;
        asio::co_spawn(stream_.get_executor(), watch(shared_from_this(), watch_), asio::detached);
    }

    void look_at_queue() {
        if (queue_ && queue_->overrun()) stream_.close();  // its client does not read: no more time for it
        wake_.cancel();
    }

    asio::awaitable<bool> send_answer() {
        using Kind = AnswerQueue::Part::Kind;
        while (true) {
            std::optional<AnswerQueue::Part> part = queue_->next();
            if (left_ || queue_->overrun()) co_return false;
            if (!part) {
                co_await wait_for_wake();
                continue;
            }
            const Kind kind = part->kind;
            if (kind == Kind::whole) co_return co_await send_whole(std::move(part->response));
            if (!co_await send(text_of(*part))) co_return false;
            if (kind == Kind::end) co_return true;
        }
    }

    asio::awaitable<void> wait_for_wake() {
        wake_.expires_after(std::chrono::hours(1));
        error_code ignored;
        co_await wake_.async_wait(use(ignored));
    }

    std::string text_of(AnswerQueue::Part& part) {
        using Kind = AnswerQueue::Part::Kind;
        if (part.kind == Kind::head) {
            if (is_http10_) keep_ = false;
            return head_text(completed(part.response), std::nullopt, !is_http10_, after());
        }
        if (is_head_) return {};
        if (part.kind == Kind::end) return is_http10_ ? std::string() : std::string(last_chunk);
        return is_http10_ ? part.piece : chunk_text(part.piece);
    }

    AfterAnswer after() {
        if (host_.draining()) keep_ = false;
        return keep_ ? AfterAnswer::keep : AfterAnswer::close;
    }

    // By its id a client can say later which of its requests it means.
    ServedResponse& completed(ServedResponse& response) {
        if (request_id_.empty()) request_id_ = random_hex(16);  // its head could not be read
        response.fields.push_back({"x-request-id", request_id_});
        response.fields.insert(response.fields.end(), extra_.begin(), extra_.end());
        return response;
    }

    asio::awaitable<bool> send_whole(ServedResponse response) {
        keep_ = keep_ && !reads_;
        std::string text = head_text(completed(response), response.body.size(), false, after());
        if (!is_head_ && response.status != 204) text += response.body;
        co_return co_await send(std::move(text));
    }

    // In slices, each with its own time: a large answer may take long, as long as it moves.
    asio::awaitable<bool> send(std::string text) {
        constexpr std::size_t slice_bytes = 256 * KiB;
        error_code error;
        for (std::size_t sent = stream_.write_now(text); sent < text.size() && !error;) {
            stream_.expires_after(options_.write_time);
            const std::size_t slice = std::min(slice_bytes, text.size() - sent);
            sent += co_await asio::async_write(stream_, asio::buffer(text.data() + sent, slice), use(error));
        }
        stream_.expires_never();
        co_return !error;
    }

    // Notices that the client has left while its answer is being made. A client that sends its next request
    // early leaves bytes to read, so from then on it is looked for ten times a second. `number`: of the
    // watch, which is over once there is another.
    static asio::awaitable<void> watch(std::shared_ptr<TcpConnection> self, std::uint64_t number) {
        error_code error;
        co_await self->stream_.socket().async_wait(asio::socket_base::wait_read, use(error));
        while (!error && self->watch_ == number) {
            if (self->stream_.peer_has_left()) {
                self->left_ = true;
                if (self->queue_) self->queue_->detach();
                self->wake_.cancel();
                co_return;
            }
            asio::steady_timer pause(self->stream_.get_executor(), look_again);
            co_await pause.async_wait(use(error));
        }
    }

    // Reads what is still coming, for a while: closing at once would reset the connection, and with it an
    // answer that the client reads only when it has sent its whole body.
    asio::awaitable<void> close() {
        error_code error;
        if (stream_.is_tls() && !left_) {
            stream_.expires_after(linger_silent);
            co_await stream_.shutdown(use(error));
            stream_.drop_tls();
        }
        error = stream_.socket().shutdown(asio::socket_base::shutdown_send, error);
        const auto end = std::chrono::steady_clock::now() + linger_max;
        buffer_.clear();
        buffer_.shrink_to_fit();
        while (!error && !left_ && std::chrono::steady_clock::now() < end) {
            buffer_.clear();
            stream_.expires_after(linger_silent);
            co_await stream_.async_read_some(buffer_.prepare(read_bytes), use(error));
        }
        stream_.close();
    }

    static asio::redirect_error_t<asio::use_awaitable_t<>> use(error_code& error) {
        return asio::redirect_error(asio::use_awaitable, error);
    }

    ClientStream stream_;
    beast::flat_buffer buffer_;  // bounded: the line before a chunk could be endless
    asio::steady_timer wake_;
    ConnectionHost& host_;
    const WebServerOptions& options_;
    std::shared_ptr<AnswerQueue> queue_;  // of the exchange that runs
    std::optional<ServedRequest> head_;   // from its end until the body's
    std::vector<HttpField> extra_;        // of every answer to it
    std::string request_id_;
    bool idle_ = false;  // all of these: on the strand only
    bool keep_ = false;
    bool is_http10_ = false;
    bool is_head_ = false;
    bool left_ = false;
    bool reads_ = false;       // a body, while it is answered
    std::uint64_t watch_ = 0;  // its number
};

asio::awaitable<void> serve(std::shared_ptr<TcpConnection> connection) { co_await connection->serve(); }

}  // namespace

void serve_connection(asio::ip::tcp::socket socket, ConnectionHost& host) {
    const auto executor = socket.get_executor();
    asio::co_spawn(executor, serve(std::make_shared<TcpConnection>(std::move(socket), host)), asio::detached);
}

}  // namespace vignette
