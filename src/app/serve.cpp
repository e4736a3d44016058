// `vignette serve`: how the server is wired, started and ended.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <vector>

#include "app/commands.h"
#include "app/exit_codes.h"
#include "app/files/read_file.h"
#include "app/open_back.h"
#include "app/preflight/gpu.h"
#include "app/served_models.h"
#include "app/stop_signals.h"
#include "app/url_options.h"
#include "core/log.h"
#include "core/stop.h"
#include "net/server/web_server.h"
#include "queue/gateway.h"
#include "serve/front.h"
#include "serve/webhooks.h"

namespace vignette {
namespace {

using namespace std::chrono_literals;

bool is_loopback(const std::string& host) {
    return host.starts_with("127.") || host == "::1" || host == "localhost";
}

Result<ApiKeys> read_keys(const ServeOptions& options) {
    std::string file;
    if (!options.key_file.empty()) file = TRY(read_text_file(options.key_file, 1 * MiB));
    ApiKeys keys = TRY(ApiKeys::read(options.keys, file));
    if (keys.none() && !(options.keys.empty() && options.key_file.empty()))
        return fail(ErrorCode::usage, "the list of API keys holds no key: correct or unset it");
    if (keys.none() && !is_loopback(options.host) && !options.without_keys) {
        return fail(
            ErrorCode::usage, "anybody who reaches " + options.host +
                                  " could use this server: set VIGNETTE_API_KEYS, or --without-keys if "
                                  "something in front of it "
                                  "asks for keys"
        );
    }
    return keys;
}

WebServerOptions web_options(const ServeOptions& options, int port) {
    WebServerOptions web;
    web.host = options.host == "localhost" ? "127.0.0.1" : options.host;
    web.port = static_cast<std::uint16_t>(port);
    web.bodies_bytes_max = static_cast<std::size_t>(options.queue_mib) * MiB;
    return web;
}

// What the jobs refer to is destroyed only after nothing runs any more.
struct EndsJobs {
    JobDesk& desk;
    Deadlines& deadlines;
    ~EndsJobs() {
        desk.stop_all();
        desk.join();
        deadlines.stop();
    }
};

// Jobs that were taken are finished and answered, as far as the grace period allows.
void drain(JobDesk& desk, WebServer& web, Webhooks& webhooks, std::chrono::seconds grace) {
    const auto end = std::chrono::steady_clock::now() + grace;
    const std::chrono::milliseconds whole = grace;
    const auto reserve = std::min(std::clamp<std::chrono::milliseconds>(whole / 5, 1s, 2s), whole / 2);
    desk.close();
    if (!desk.wait_until_idle(end - reserve)) {
        log_warning("the grace period is nearly over: ending what still runs");
        desk.stop_all();
        desk.wait_until_idle(end);
    }
    web.drain(end);
    webhooks.wait_until_quiet(end);
}

// The model has been loaded, so that a GPU it wants is there.
bool computes_on_gpu(const std::string& device) {
    if (device != "auto") return device == "cuda";
    const Result<Gpus> gpus = probe_gpus();
    return gpus && !gpus->devices.empty();
}

struct Listeners {
    std::unique_ptr<WebServer> web;
    std::unique_ptr<WebServer> health;  // null: the same
};

Result<Listeners> listen(const ServeOptions& options, Services& services, const ApiKeys& keys) {
    const auto start = [&](int port) {
        return WebServer::start(web_options(options, port), web_handlers(services, keys));
    };
    Listeners listeners{.web = TRY(start(options.port)), .health = nullptr};
    const bool apart = options.health_port > 0 && options.health_port != options.port;
    if (apart) listeners.health = TRY(start(options.health_port));
    return listeners;
}

int serve_until_stopped(
    const Options& options, const CaptionerConfig& config, const ApiKeys& keys,
    const FetchRules& webhook_rules, StopSignals& signals
) {
    std::unique_ptr<Captioner> captioner;
    Metrics metrics;
    Deadlines deadlines;
    JobDesk desk(
        {.jobs_max = static_cast<std::size_t>(options.serve.queue_max),
         .bytes_max = static_cast<std::size_t>(options.serve.queue_mib) * MiB},
        [&](const Answer& answer, bool succeeded) { metrics.note_job(answer, succeeded); }
    );
    Webhooks webhooks(webhook_rules, deadlines, {});
    JobStore store(
        desk, deadlines,
        {.limits = {},
         .worker = {.hostname = "localhost", .worker_id = "local"},
         .post_webhook = [&webhooks](
                             const std::string& id, std::string url, std::string body
                         ) { webhooks.post(id, std::move(url), std::move(body)); }}
    );
    Services services{
        .limits = {},
        .desk = desk,
        .store = store,
        .deadlines = deadlines,
        .metrics = metrics,
        .models = served_models(config),
    };
    services.sdk_routes = options.serve.sdk_routes;
    const EndsJobs ending{desk, deadlines};
    const Result<Listeners> listening = listen(options.serve, services, keys);
    if (!listening) {
        log_error(listening.error().message);
        return exit_usage;
    }
    const auto& web = listening->web;
    log_info(
        "listening on http://" + options.serve.host + ":" + std::to_string(web->port()) +
        ", loading the model"
    );
    Result<std::unique_ptr<Captioner>> loaded = open_back_unless_stopped(config, signals.token());
    if (!loaded) {
        log_error("cannot load the model: " + loaded.error().message);
        desk.stop_all();  // who has come meanwhile is told
        web->drain(std::chrono::steady_clock::now() + 2s);
        return exit_failed;
    }
    captioner = *std::move(loaded);
    services.gpu = computes_on_gpu(options.device);
    const int pictures = captioner->pictures_at_once();
    desk.open(*captioner, options.concurrency > 0 ? std::min(options.concurrency, pictures) : pictures);
    log_info("ready; pictures at once: " + std::to_string(pictures));
    wait_for_stop(signals.token());
    drain(desk, *web, webhooks, std::chrono::seconds(options.grace_s));
    log_info("stopped");
    return exit_fine;
}

// Without a model: what is asked goes into the queue.
int serve_gateway(
    const ServeOptions& options, const QueueAddress& address, const ApiKeys& keys,
    const FetchRules& webhook_rules, StopSignals& signals, std::chrono::seconds grace
) {
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
    const EndsJobs ending{desk, deadlines};
    const Result<Listeners> listening = listen(options, services, keys);
    if (!listening) {
        log_error(listening.error().message);
        return exit_usage;
    }
    log_info(
        "ready; gateway to the queue at " + address.shown() + ", listening on http://" + options.host + ":" +
        std::to_string(listening->web->port())
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

Result<QueueAddress> read_gateway(const Options& options) {
    if (options.serve.sdk_routes)
        return fail(ErrorCode::usage, "a gateway has no --rp_serve_api: ask for /v2/{endpoint}/run instead");
    if (options.queue.empty())
        return fail(
            ErrorCode::usage, "--gateway needs --queue redis://..., where the workers take their jobs"
        );
    return read_queue_address(options.queue);
}

}  // namespace

int serve(const Options& options) {
    StopSignals signals;  // first: later threads inherit the signal mask
    if (options.serve.gateway) {
        const Result<QueueAddress> address = read_gateway(options);
        const Result<ApiKeys> keys = address ? read_keys(options.serve) : std::unexpected(address.error());
        const Result<FetchRules> rules = keys ? fetch_rules(options.urls) : std::unexpected(keys.error());
        if (!rules) {
            log_error(rules.error().message);
            return exit_usage;
        }
        return serve_gateway(
            options.serve, *address, *keys, *rules, signals, std::chrono::seconds(options.grace_s)
        );
    }
    if (options.queue.starts_with("redis")) {
        log_error(
            "a server with a model of its own takes no jobs from Redis: add --gateway, or run `vignette "
            "worker --queue`"
        );
        return exit_usage;
    }
    const Result<std::unique_ptr<Fetcher>> fetcher = open_fetcher(options.urls);
    const Result<FetchRules> webhook_rules = fetch_rules(options.urls);
    Result<CaptionerConfig> config = fetcher ? captioner_config(options) : std::unexpected(fetcher.error());
    const Result<ApiKeys> keys = config ? read_keys(options.serve) : std::unexpected(config.error());
    if (!keys) {
        log_error(keys.error().message);
        return exit_usage;
    }
    config->fetcher = fetcher->get();
    config->cache_bytes = static_cast<std::size_t>(options.cache_mib.value_or(64)) * MiB;
    return serve_until_stopped(options, *config, *keys, *webhook_rules, signals);
}

}  // namespace vignette
