// `vignette serve`: how the server is wired, started and ended.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <vector>

#include "app/commands.h"
#include "app/files/read_file.h"
#include "app/open_back.h"
#include "app/preflight/gpu.h"
#include "app/served_models.h"
#include "app/stop_signals.h"
#include "app/url_options.h"
#include "core/log.h"
#include "core/stop.h"
#include "net/server/web_server.h"
#include "serve/front.h"
#include "serve/webhooks.h"

namespace vignette {
namespace {

using namespace std::chrono_literals;

constexpr int exit_fine = 0;
constexpr int exit_failed = 1;
constexpr int exit_usage = 2;

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

// Loading cannot be interrupted, and a job that waits meanwhile has not begun: a stop ends the process.
Result<std::unique_ptr<Captioner>> load(const CaptionerConfig& config, const std::stop_token& stop) {
    const std::stop_callback leave(stop, [] {
        log_info("stopped while the model was loading");
        std::_Exit(exit_fine);
    });
    return open_back(config);
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
    Result<std::unique_ptr<Captioner>> loaded = load(config, signals.token());
    if (!loaded) {
        const bool usage = loaded.error().code == ErrorCode::usage;  // the model is not to blame
        log_error((usage ? "" : "cannot load the model: ") + loaded.error().message);
        desk.stop_all();  // who has come meanwhile is told
        web->drain(std::chrono::steady_clock::now() + 2s);
        return usage ? exit_usage : exit_failed;
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

}  // namespace

int serve(const Options& options) {
    StopSignals signals;  // first: later threads inherit the signal mask
    const Result<std::unique_ptr<Fetcher>> fetcher = open_fetcher(options.urls);
    const Result<FetchRules> webhook_rules = fetch_rules(options.urls);
    Result<CaptionerConfig> config = fetcher ? captioner_config(options) : std::unexpected(fetcher.error());
    const Result<ApiKeys> keys = config ? read_keys(options.serve) : std::unexpected(config.error());
    if (!keys) {
        log_error(keys.error().message);
        return exit_usage;
    }
    config->fetcher = fetcher->get();
    return serve_until_stopped(options, *config, *keys, *webhook_rules, signals);
}

}  // namespace vignette
