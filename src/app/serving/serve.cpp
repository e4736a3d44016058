// `vignette serve`: how the server is wired, started and ended.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <vector>

#include "app/commands.h"
#include "app/exit_codes.h"
#include "app/models/own_bundle.h"
#include "app/open_back.h"
#include "app/preflight/gpu.h"
#include "app/serving/listeners.h"
#include "app/serving/serve_access.h"
#include "app/serving/serve_gateway.h"
#include "app/serving/served_models.h"
#include "app/stop_signals.h"
#include "app/tracing.h"
#include "app/url_options.h"
#include "core/log.h"
#include "core/stop.h"
#include "net/server/web_server.h"
#include "serve/front.h"
#include "serve/webhooks.h"

namespace vignette {
namespace {

using namespace std::chrono_literals;

// What the jobs refer to is destroyed only after nothing runs any more.
struct EndsJobs {
    JobDesk& desk;
    Deadlines& deadlines;
    JobLedger* ledger;  // null: none
    ~EndsJobs() {
        desk.stop_all();
        desk.join();
        deadlines.stop();
        if (ledger) ledger->close();
    }
};

// Jobs that were taken are finished and answered, as far as the grace period allows.
void drain(JobDesk& desk, WebServer& web, Webhooks& webhooks, Tracer* tracer, std::chrono::seconds grace) {
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
    if (tracer != nullptr) tracer->flush(end);
}

// The model has been loaded, so that a GPU it wants is there.
bool computes_on_gpu(const std::string& device) {
    if (device != "auto") return device.starts_with("cuda");
    const Result<Gpus> gpus = probe_gpus();
    return gpus && !gpus->devices.empty();
}

std::vector<DeviceMemory> memory_of_gpus() {
    std::vector<DeviceMemory> memory;
    const Result<Gpus> gpus = probe_gpus(GpuCheck::look);
    if (!gpus) return memory;
    for (const Gpu& gpu : gpus->devices)
        memory.push_back({.used_bytes = gpu.total_bytes - gpu.free_bytes, .total_bytes = gpu.total_bytes});
    return memory;
}

// Null: jobs are kept in memory.
Result<std::unique_ptr<JobLedger>> open_ledger(const std::string& queue) {
    constexpr std::string_view sqlite = "sqlite:";
    if (queue.empty()) return nullptr;
    if (queue.starts_with(sqlite) && queue.size() > sqlite.size())
        return JobLedger::open(queue.substr(sqlite.size()));
    if (queue.starts_with("redis://") || queue.starts_with("rediss://")) {
        return fail(
            ErrorCode::usage,
            "a server with a model of its own takes no jobs from Redis: add --gateway, or run `vignette "
            "worker --queue`"
        );
    }
    return fail(
        ErrorCode::usage,
        "--queue (VIGNETTE_QUEUE) must be sqlite: followed by the path of a file, as in sqlite:jobs.db; "
        "leave it out to keep jobs in memory"
    );
}

struct Company {  // what the server works with, where the operator wants it
    JobLedger* ledger = nullptr;
    Tracer* tracer = nullptr;
};

// Takes note of each job that has ended. A lost GPU ends the server, too.
struct JobNotes {
    Metrics& metrics;
    Tracer* tracer;  // null: no traces
    StopSignals& signals;
    std::atomic<bool> device_lost = false;

    void note(const EndedJob& job) {
        metrics.note_job(job);
        if (tracer != nullptr) tracer->note(job_spans(job));
        if (!job.answer.any_failed_with(ErrorCode::device_lost) || device_lost.exchange(true)) return;
        log_error("the GPU is lost: answering what has come, then exiting, to be started anew");
        signals.request_stop();
    }
};

int exit_without_model(const Error& error) {
    const bool is_usage = error.code == ErrorCode::usage;  // the model is not to blame
    log_error((is_usage ? "" : "cannot load the model: ") + error.message);
    return is_usage ? exit_usage : exit_failed;
}

int serve_until_stopped(
    const Options& options, const CaptionerConfig& config, const Guards& guards,
    const FetchRules& webhook_rules, const Company& company, StopSignals& signals
) {
    const auto [ledger, tracer] = company;
    std::unique_ptr<Captioner> captioner;
    Metrics metrics(options.serve.cost_per_hour);
    JobNotes notes{.metrics = metrics, .tracer = tracer, .signals = signals};
    Deadlines deadlines;
    JobDesk desk(
        {.jobs_max = static_cast<std::size_t>(options.serve.queue_max),
         .bytes_max = static_cast<std::size_t>(options.serve.queue_mib) * MiB},
        [&notes](const EndedJob& job) { notes.note(job); }
    );
    Webhooks webhooks(webhook_rules, deadlines, {});
    JobStore store(
        desk, deadlines,
        {.limits = {},
         .worker = {.hostname = "localhost", .worker_id = "local"},
         .post_webhook = [&webhooks](
                             const std::string& id, std::string url, std::string body,
                             std::function<void()> done
                         ) { webhooks.post(id, std::move(url), std::move(body), std::move(done)); },
         .ledger = ledger}
    );
    Services services{
        .limits = {},
        .desk = desk,
        .store = store,
        .deadlines = deadlines,
        .metrics = metrics,
        .tracer = tracer,
        .models = served_models(config),
    };
    services.gpu_memory = memory_of_gpus;
    services.sdk_routes = options.serve.sdk_routes;
    services.jobs_apart = !guards.keys.none();
    const EndsJobs ending{desk, deadlines, ledger};
    if (ledger) store.restore(ledger->take_found());
    const Result<Listeners> listening = listen(options.serve, services, guards);
    if (!listening) {
        log_error(listening.error().message);
        return exit_usage;
    }
    const auto& web = listening->web;
    log_info("listening on " + address_of(*web, options.serve) + ", loading the model");
    Result<std::unique_ptr<Captioner>> loaded = open_back_unless_stopped(config, signals.token());
    if (!loaded) {
        desk.stop_all();  // who has come meanwhile is told
        web->drain(std::chrono::steady_clock::now() + 2s);
        return exit_without_model(loaded.error());
    }
    captioner = *std::move(loaded);
    services.gpu = computes_on_gpu(options.device);
    const int pictures = captioner->pictures_at_once();
    desk.open(*captioner, options.concurrency > 0 ? std::min(options.concurrency, pictures) : pictures);
    log_info("ready; pictures at once: " + std::to_string(pictures));
    wait_for_stop(signals.token());
    drain(desk, *web, webhooks, tracer, std::chrono::seconds(options.grace_s));
    log_info("stopped");
    return notes.device_lost ? exit_failed : exit_fine;
}

}  // namespace

int serve(const Options& options) {
    StopSignals signals;  // first: later threads inherit the signal mask
    if (options.serve.gateway) return serve_gateway(options, signals);
    const Result<std::unique_ptr<Fetcher>> fetcher = open_fetcher(options.urls);
    const Result<FetchRules> webhook_rules = fetch_rules(options.urls);
    if (!options.disable_captions) make_own_bundle(options.model);
    Result<CaptionerConfig> config = fetcher ? captioner_config(options) : std::unexpected(fetcher.error());
    const Result<Guards> guards = config ? read_guards(options.serve) : std::unexpected(config.error());
    const Result<std::unique_ptr<JobLedger>> ledger =
        guards ? open_ledger(options.queue) : std::unexpected(guards.error());
    const auto tracer = ledger ? open_tracer() : std::unexpected(ledger.error());
    if (!tracer) {
        log_error(tracer.error().message);
        return exit_usage;
    }
    config->fetcher = fetcher->get();
    const Company company{.ledger = ledger->get(), .tracer = tracer->get()};
    return serve_until_stopped(options, *config, *guards, *webhook_rules, company, signals);
}

}  // namespace vignette
