#include "queue/gateway.h"

#include <algorithm>
#include <utility>

#include "core/log.h"
#include "core/stop.h"
#include "queue/listener.h"
#include "queue/queue_metrics.h"
#include "serve/random_name.h"
#include "serve/routes/anthropic_routes.h"
#include "serve/routes/endpoint_routes.h"
#include "serve/routes/local_routes.h"
#include "serve/routes/ollama_routes.h"
#include "serve/routes/page_routes.h"
#include "serve/routes/photo_routes.h"
#include "serve/routes/plain_routes.h"
#include "serve/routes/routes.h"
#include "wire/json/reader.h"

namespace vignette {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds care_pause{2'000};

}  // namespace

// The server's function, and what a gateway does instead.
struct QueueGateway::Served {
    void (*usual)(const Call& call);
    void (QueueGateway::*here)(const Call& call) = nullptr;
    void (GatewayJobs::*job)(const Call& call) = nullptr;
};

// What is neither here nor open to everybody goes to a worker. Where neither is named, no model is needed.
const QueueGateway::Served QueueGateway::table[] = {
    {vignette::ping, &QueueGateway::ping},
    {vignette::readyz, &QueueGateway::readyz},
    {vignette::health, &QueueGateway::health},
    {vignette::metrics, &QueueGateway::metrics},
    {endpoint_run, nullptr, &GatewayJobs::run},
    {endpoint_runsync, nullptr, &GatewayJobs::runsync},
    {endpoint_status, nullptr, &GatewayJobs::status},
    {endpoint_status_sync, nullptr, &GatewayJobs::status_sync},
    {endpoint_stream, nullptr, &GatewayJobs::stream},
    {endpoint_cancel, nullptr, &GatewayJobs::cancel},
    {endpoint_retry, nullptr, &GatewayJobs::retry},
    {endpoint_purge, nullptr, &GatewayJobs::purge},
    {endpoint_health, nullptr, &GatewayJobs::health},
    {local_status},
    {local_status_sync},
    {local_stream},
    {anthropic_count_tokens},
    {ollama_version},
    {ollama_not_here},
    {photoprism_nsfw},
    {photoprism_face},
};

QueueGateway::QueueGateway(Deadlines& deadlines, Options options)
    : options_(std::move(options)),
      name_(random_name()),
      crew_(options_.address, {.bytes_max = options_.bytes_max}),
      relays_(crew_, name_, options_.jobs_max),
      jobs_(crew_, deadlines, options_.limits, options_.jobs_max),
      listener_([this](const std::stop_token& stop) { listen(stop); }),
      caretaker_([this](const std::stop_token& stop) { look_after(stop); }) {}

Result<void> QueueGateway::greet() {
    Result<void> shown = JobQueue(options_.address).show_gateway(name_);
    if (shown) up_ = was_up_ = true;
    return shown;
}

bool QueueGateway::answer(const Call& call, const Route& route) {
    const auto* const served = std::ranges::find(table, route.handle, &Served::usual);
    const bool is_listed = served != std::end(table);
    if (is_listed && served->here != nullptr) {
        (this->*served->here)(call);
        return true;
    }
    if (is_listed ? served->job == nullptr : route.access == Access::open) return false;
    if (closing_) {
        call.refuse(
            {.code = ErrorCode::shutting_down,
             .message = "the gateway is shutting down; send the job again to another one, or later",
             .field = {}}
        );
        return true;
    }
    is_listed ? (jobs_.*served->job)(call) : relays_.start(call);
    return true;
}

// While Redis has never answered, this gateway is starting; later, it is of no use.
void QueueGateway::ping(const Call& call) {
    constexpr int loading = 204, away = 503;
    if (!up_) return call.answer("", was_up_ ? away : loading);
    call.exchange().answer({.status = 200, .body = "pong", .content_type = "text/plain", .fields = {}});
}

void QueueGateway::readyz(const Call& call) {
    constexpr int fine = 200, away = 503;
    call.answer(up_ ? R"({"status":"ready"})" : R"({"status":"no queue"})", up_ ? fine : away);
}

void QueueGateway::health(const Call& call) {
    call.answer(std::string(R"({"status":")") + (up_ ? "ready" : "loading") + R"(","gpu_available":false})");
}

void QueueGateway::metrics(const Call& call) {
    crew_.add([this, call](JobQueue& queue) {
        const Result<QueueStats> read = queue.stats();
        const std::optional<QueueStats> stats = read ? std::optional(*read) : std::nullopt;
        JobDesk::Load load;
        if (stats) load.waiting = stats->waiting;
        if (stats) load.running = stats->in_hand;
        call.exchange().answer({
            .status = 200,
            .body = call.services().metrics.text({.load = load, .ready = up_, .spans = {}, .gpus = {}}) +
                    queue_metrics(stats),
            .content_type = "text/plain; version=0.0.4; charset=utf-8",
            .fields = {},
        });
    });
}

void QueueGateway::listen(const std::stop_token& stop) {
    Listener listener(options_.address, "news");
    while (!stop.stop_requested()) {
        const std::optional<std::string> news = listener.next(stop);
        if (!news) continue;
        const std::size_t space = std::min(news->find(' '), news->size());
        const std::string_view what = std::string_view(*news).substr(0, space);
        const std::string id = news->substr(std::min(news->size(), space + 1));
        relays_.look_at(id);
        jobs_.waits().wake(id, what == "said" ? Until::news : Until::ended);
        if (what == "told") crew_.add([this](JobQueue& queue) { post_webhooks(queue); });
    }
}

void QueueGateway::look_after(const std::stop_token& stop) {
    JobQueue queue(options_.address);
    while (!stop.stop_requested()) {
        const Result<void> shown = queue.show_gateway(name_);
        if (up_.exchange(shown.has_value()) != shown.has_value())
            shown ? log_info("the queue answers") : log_error(shown.error().message);
        if (shown) {
            was_up_ = true;
            relays_.look_at_all();
            jobs_.waits().look_at_all();
            post_webhooks(queue);
        }
        wait_for(care_pause, stop);
    }
}

// Whichever gateway comes first posts it.
void QueueGateway::post_webhooks(JobQueue& queue) {
    while (true) {
        const auto taken = queue.take_webhook();
        if (!taken || !*taken) return;
        const JobQueue::Webhook& webhook = **taken;
        const PaddedText body(webhook.body);
        const Result<Submission> submission = read_submission(body, options_.limits, {});
        if (!submission) continue;
        options_.post_webhook(
            webhook.status.id, webhook.url, format_webhook(webhook.status, submission->input, webhook.url)
        );
    }
}

void QueueGateway::drain(std::chrono::steady_clock::time_point deadline) {
    closing_ = true;
    jobs_.waits().wake_all();
    relays_.wait_until_empty(deadline);
}

}  // namespace vignette
