#include "app/serving/serve_gateway.h"

#include <algorithm>
#include <chrono>

#include "app/exit_codes.h"
#include "app/serving/listeners.h"
#include "app/serving/serve_access.h"
#include "app/url_options.h"
#include "core/log.h"
#include "core/stop.h"
#include "queue/gateway.h"
#include "serve/webhooks.h"

namespace vignette {
namespace {

using namespace std::chrono_literals;

Result<QueueAddress> read_gateway(const Options& options) {
    if (options.serve.sdk_routes)
        return fail(ErrorCode::usage, "a gateway has no --rp_serve_api: ask for /v2/{endpoint}/run instead");
    if (options.queue.empty())
        return fail(
            ErrorCode::usage, "--gateway needs --queue redis://..., where the workers take their jobs"
        );
    return read_queue_address(options.queue);
}

// What the deadlines refer to is destroyed only after they have stopped.
struct StopsDeadlines {
    Deadlines& deadlines;
    ~StopsDeadlines() { deadlines.stop(); }
};

int serve_until_stopped(
    const Options& all, const QueueAddress& address, const Guards& guards, const FetchRules& webhook_rules,
    StopSignals& signals
) {
    const ServeOptions& options = all.serve;
    const std::chrono::seconds grace(all.grace_s);
    Metrics metrics;
    Deadlines deadlines;
    JobDesk desk({});  // takes nothing
    JobStore store(desk, deadlines, {.limits = {}, .worker = {}, .post_webhook = {}});
    Services services{
        .limits = {},
        .desk = desk,
        .store = store,
        .deadlines = deadlines,
        .metrics = metrics,
        .models = {},
    };
    services.jobs_apart = !guards.keys.none();
    Webhooks webhooks(webhook_rules, deadlines, {});
    QueueGateway gateway(
        deadlines, {.address = address,
                    .jobs_max = options.queue_max,
                    .bytes_max = static_cast<std::size_t>(options.queue_mib) * MiB,
                    .limits = {},
                    .post_webhook = [&webhooks](
                                        const std::string& id, std::string url, std::string body
                                    ) { webhooks.post(id, std::move(url), std::move(body)); }}
    );
    const Result<void> greeted = gateway.greet();
    if (!greeted && greeted.error().code != ErrorCode::unreachable) {
        log_error(greeted.error().message);
        return exit_usage;
    }
    if (!greeted) log_warning(greeted.error().message);
    services.elsewhere = [&gateway](const Call& call, const Route& route) {
        return gateway.answer(call, route);
    };
    const StopsDeadlines ending{deadlines};
    const Result<Listeners> listening = listen(options, services, guards);
    if (!listening) {
        log_error(listening.error().message);
        return exit_usage;
    }
    log_info(
        "ready; gateway to the queue at " + address.shown() + ", listening on " +
        address_of(*listening->web, options)
    );
    wait_for_stop(signals.token());
    log_info("stopping: waiting for the answers that are still out");
    const auto end = std::chrono::steady_clock::now() + grace;
    gateway.drain(end - std::min<std::chrono::milliseconds>(grace / 2, 2s));
    listening->web->drain(end);
    webhooks.wait_until_quiet(end);
    log_info("stopped");
    return exit_fine;
}

}  // namespace

int serve_gateway(const Options& options, StopSignals& signals) {
    const Result<QueueAddress> address = read_gateway(options);
    const Result<Guards> guards = address ? read_guards(options.serve) : std::unexpected(address.error());
    const Result<FetchRules> rules = guards ? fetch_rules(options.urls) : std::unexpected(guards.error());
    if (!rules) {
        log_error(rules.error().message);
        return exit_usage;
    }
    return serve_until_stopped(options, *address, *guards, *rules, signals);
}

}  // namespace vignette
