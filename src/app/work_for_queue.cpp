// `vignette worker --queue redis://...`: a worker that shares the jobs of gateways with others. docs/scale.md
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <limits>
#include <memory>

#include "app/commands.h"
#include "app/exit_codes.h"
#include "app/models/own_bundle.h"
#include "app/open_back.h"
#include "app/serving/served_models.h"
#include "app/stop_signals.h"
#include "app/url_options.h"
#include "core/log.h"
#include "jobs/model_health.h"
#include "queue/queue_worker.h"
#include "serve/random_name.h"
#include "vignette/limits.h"

namespace vignette {
namespace {

std::string worker_name() {
    std::array<char, 256> host{};
    gethostname(host.data(), host.size() - 1);
    constexpr std::size_t digits = 8;
    return std::string(host.data()) + "-" + random_name().substr(0, digits);
}

int take_jobs(
    const Options& options, const QueueAddress& address, const CaptionerConfig& config, Captioner& captioner,
    StopSignals& signals
) {
    const int pictures = captioner.pictures_at_once();
    const int places = options.concurrency > 0 ? std::min(options.concurrency, pictures) : pictures;
    ModelHealth health;
    Metrics metrics;
    Deadlines deadlines;
    // What was taken is run, however long it waits here: the queue has its own bound.
    const JobDesk::Bounds unbounded{
        .jobs_max = std::numeric_limits<std::size_t>::max(),
        .bytes_max = std::numeric_limits<std::size_t>::max(),
        .wait_max = std::chrono::milliseconds::max(),
    };
    JobDesk desk(unbounded, [&](const EndedJob& ended) {
        if (!health.is_end(ended.answer)) return;
        log_error("the model no longer computes anything: handing back the other jobs, then exiting");
        signals.request_stop();
    });
    JobStore store(desk, deadlines, {.limits = {}, .worker = {}, .post_webhook = {}});
    Services services{
        .limits = {},
        .desk = desk,
        .store = store,
        .deadlines = deadlines,
        .metrics = metrics,
        .models = served_models(config),
    };
    desk.open(captioner, places);
    const std::string name = worker_name();
    QueueWorker worker(
        services, {.address = address,
                   .name = name,
                   .places = places,
                   .idle_min = std::chrono::seconds(options.queue_idle_s)}
    );
    log_info(
        "worker " + name + " is ready for jobs from " + address.shown() +
        "; jobs at once: " + std::to_string(places)
    );
    worker.run(signals.token());
    log_info("stopping: finishing the jobs in hand");
    const bool told = worker.drain(std::chrono::steady_clock::now() + std::chrono::seconds(options.grace_s));
    if (!told) {
        log_error("leaving without word of some jobs: another worker takes them once this one was silent");
        std::_Exit(exit_failed);  // a step of the model may not return
    }
    desk.stop_all();
    desk.join();
    deadlines.stop();
    log_info("stopped");
    return health.is_dead() ? exit_failed : exit_fine;
}

}  // namespace

int work_for_queue(const Options& options) {
    StopSignals signals;  // first: later threads inherit the signal mask
    const Result<QueueAddress> address = read_queue_address(options.queue);
    const Result<std::unique_ptr<Fetcher>> fetcher =
        address ? open_fetcher(options.urls) : std::unexpected(address.error());
    make_own_bundle(options.model);
    Result<CaptionerConfig> config = fetcher ? captioner_config(options) : std::unexpected(fetcher.error());
    // A wrong password is said before the model is loaded; a Redis that is not there yet is waited for.
    const Result<void> greeted = config ? JobQueue(*address).join() : std::unexpected(config.error());
    if (!greeted && greeted.error().code != ErrorCode::unreachable) {
        log_error(greeted.error().message);
        return exit_usage;
    }
    if (!greeted) log_warning(greeted.error().message);
    config->fetcher = fetcher->get();
    const Result<std::unique_ptr<Captioner>> captioner = open_back_unless_stopped(*config, signals.token());
    if (!captioner) {
        log_error("cannot load the model: " + captioner.error().message);
        return exit_failed;
    }
    return take_jobs(options, *address, *config, **captioner, signals);
}

}  // namespace vignette
