#include "serve/watched_exchange.h"

#include <atomic>
#include <string>
#include <utility>

#include "core/log.h"
#include "core/stopwatch.h"

namespace vignette {
namespace {

constexpr int internal_error = 500;

class WatchedExchange final : public Exchange {
public:
    WatchedExchange(std::shared_ptr<Exchange> inner, const Route& route, BegunSpan span, Services& services)
        : inner_(std::move(inner)), route_(route), span_(std::move(span)), services_(services) {}
    WatchedExchange(const WatchedExchange&) = delete;
    WatchedExchange& operator=(const WatchedExchange&) = delete;
    ~WatchedExchange() override {
        note(status_ == 0 ? internal_error : status_.load());
    }  // nobody answered it

    const ServedRequest& request() const override { return inner_->request(); }
    std::string take_body() override { return inner_->take_body(); }
    void answer(ServedResponse response) override {
        status_ = response.status;
        note(status_);  // first: who has the answer finds it counted
        name_for_client(response, route_.dialect, request().id);
        inner_->answer(std::move(response));
    }
    void begin(ServedResponse head) override {
        status_ = head.status;
        name_for_client(head, route_.dialect, request().id);
        inner_->begin(std::move(head));
    }
    void write(std::string piece) override { inner_->write(std::move(piece)); }
    void end() override {
        note(status_);
        inner_->end();
    }
    std::stop_token gone() const override { return inner_->gone(); }

private:
    void note(int status) {
        if (noted_.exchange(true)) return;
        const std::chrono::microseconds took = watch_.total();
        services_.metrics.note_answer(route_.path, status, took);
        if (logs_debug()) {
            log_debug(
                "request_done " + request().method + " " + std::string(route_.path) +
                    " status=" + std::to_string(status) + " ms=" + std::to_string(took.count() / 1000),
                LogSubject{{}, request().id}
            );
        }
        if (is_recorded(span_.context)) services_.tracer->note({request_span(status)});
    }

    // The path is the route's: what stands in its place may be the client's secret.
    Span request_span(int status) const {
        const std::string path(route_.path);
        Span span{
            .trace_id = span_.context.trace_id,
            .span_id = span_.context.span_id,
            .parent_id = span_.parent_id,
            .state = span_.context.state,
            .name = request().method + " " + path,
            .kind = SpanKind::server,
            .begin = request().began,
            .end = std::chrono::system_clock::now(),
            .attributes =
                {{"http.request.method", request().method},
                 {"http.route", path},
                 {"url.path", path},
                 {"url.scheme", std::string("http")},
                 {"http.response.status_code", std::int64_t{status}},
                 {"vignette.request_id", request().id}},
            .failed = status >= internal_error,
        };
        if (span.failed) span.attributes.push_back({"error.type", std::to_string(status)});
        return span;
    }

    const std::shared_ptr<Exchange> inner_;
    const Route& route_;
    const BegunSpan span_;
    Services& services_;
    const Stopwatch watch_;
    std::atomic<int> status_ = 0;
    std::atomic<bool> noted_ = false;
};

}  // namespace

std::shared_ptr<Exchange> watched(
    std::shared_ptr<Exchange> exchange, const Route& route, BegunSpan span, Services& services
) {
    return std::make_shared<WatchedExchange>(std::move(exchange), route, std::move(span), services);
}

}  // namespace vignette
