// `vignette worker`: how a RunPod worker is wired, started and ended.
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <map>
#include <optional>

#include "app/commands.h"
#include "app/exit_codes.h"
#include "app/models/own_bundle.h"
#include "app/open_back.h"
#include "app/preflight/preflight.h"
#include "app/stop_signals.h"
#include "app/tracing.h"
#include "app/url_options.h"
#include "core/host/host_memory.h"
#include "core/log.h"
#include "runpod/heartbeat.h"
#include "runpod/job_runner.h"
#include "runpod/outbox.h"
#include "runpod/platform.h"
#include "runpod/result_folder.h"
#include "runpod/stop_poller.h"
#include "runpod/take_loop.h"

namespace vignette {
namespace {

bool machine_is_fit(const Options& options, const Platform& platform) {
    const std::vector<Check> checks = preflight(preflight_options(options));
    for (const Check& check : checks) {
        const std::string line = "preflight " + check.name + ": " + check.details;
        if (check.verdict == Verdict::failed) {
            log_error(line + "; " + check.remedy);
        } else {
            log_debug(line);
        }
    }
    const std::optional<Check> failure = first_failure(checks);
    if (failure) report_unhealthy(platform, failure->name, reason(*failure));
    return !failure;
}

Result<std::unique_ptr<Captioner>> open_unless_stopped(
    const Options& options, Fetcher& fetcher, const std::stop_token& stop
) {
    CaptionerConfig config = TRY(captioner_config(options));
    config.fetcher = &fetcher;
    return open_back_unless_stopped(config, stop);
}

// How many more pictures fit into memory beside the running ones. Looked up at most ten times a second.
class MemoryRoom {
public:
    int operator()() {
        constexpr std::uint64_t picture_bytes = 256 * MiB;  // body, decoded picture and pixels of a large one
        constexpr std::uint64_t room_max = 1024;
        constexpr Milliseconds fresh{100};
        const auto now = std::chrono::steady_clock::now();
        if (now - looked_ >= fresh) {
            const std::optional<HostMemory> memory = host_memory();
            const std::uint64_t fitting = memory ? memory->available_bytes / picture_bytes : room_max;
            room_ = static_cast<int>(std::min(fitting, room_max));
            looked_ = now;
        }
        return room_;
    }

private:
    std::chrono::steady_clock::time_point looked_{};
    int room_ = 0;
};

constexpr Milliseconds posts_end{200};  // how long cancelled posts may take to end

bool nothing_held(const JobBook::Held& now) { return now.pictures == 0 && now.undelivered == 0; }

// Most of the grace period is for the work, the rest for handing back what was not done and for posting.
// Returns at its end at the latest, when each job has been answered, whatever its threads do; false if some
// have not returned or some result is not delivered.
bool drain(JobBook& book, JobRunner& runner, JobBook::Clock::time_point end, Milliseconds grace) {
    const auto reserve = std::min<Milliseconds>(grace / 5 + Milliseconds{500}, Milliseconds{5'000});
    bool all_returned = true;
    if (!book.wait_until(end - reserve, [](const JobBook::Held& now) { return now.pictures == 0; })) {
        log_warning("the grace period is nearly over: handing back what still runs");
        runner.say_shutting_down();
        book.stop_all();
        all_returned = book.wait_until(end - reserve * 3 / 5, [](const JobBook::Held& now) {
            return now.pictures == 0;
        });
        if (!all_returned) runner.hand_back();
    }
    return book.wait_until(end, nothing_held) && all_returned;
}

int exit_code(const JobBook& book, TakeEnd end, bool all_safe) {
    if (end == TakeEnd::unauthorized) {
        log_error("the platform has refused the API key for minutes; set RUNPOD_AI_API_KEY and start again");
        return exit_failed;
    }
    if (all_safe && book.undelivered() == 0) log_info("stopped; all results are delivered");
    return all_safe ? exit_fine : exit_failed;
}

struct Parts {  // of a worker, apart from its model
    const Options& options;
    const Platform& platform;
    HttpClient& client;
    JobBook& book;
    Outbox& outbox;
    Tracer* tracer;  // null: no traces
    StopSignals& signals;
    ResultFolder* folder;  // null: none
    std::map<JobId, std::filesystem::path> suspects;
};

int take_jobs(Parts parts, Captioner& captioner) {
    constexpr int threads_max = 256;
    const Options& options = parts.options;
    const int room = std::min(captioner.pictures_at_once(), threads_max);
    const int pictures = options.concurrency > 0 ? std::min(options.concurrency, room) : room;
    std::atomic<bool> dead = false;
    JobRunner runner(
        captioner, parts.outbox, parts.book, parts.platform,
        {.threads = pictures,
         .stop_pod = options.refresh_worker ? StopPod::yes : StopPod::no,
         .tracer = parts.tracer,
         .folder = parts.folder,
         .suspects = std::move(parts.suspects)},
        [&] {
            log_error("the model no longer computes anything: failing the remaining jobs, then exiting");
            dead = true;
            parts.signals.request_stop();
        }
    );
    const StopPoller stop_poller(parts.client, parts.platform, parts.book);
    TakeOptions take_options{.pictures_max = pictures, .one_job_only = options.refresh_worker};
    take_options.memory_room = MemoryRoom();
    TakeLoop loop(parts.client, parts.platform, parts.book, std::move(take_options));
    log_info("ready for jobs; pictures at once: " + std::to_string(pictures));
    const std::stop_token stop = parts.signals.token();
    const TakeEnd end = loop.run(stop, [&](TakenJob job) { runner.take_in(std::move(job)); });
    if (end == TakeEnd::took_one) parts.book.wait(stop, nothing_held);  // the grace period is for a stop
    const std::chrono::seconds grace(options.grace_s);
    const auto deadline = parts.signals.signalled_at().value_or(JobBook::Clock::now()) + grace;
    const bool clean = drain(parts.book, runner, deadline, grace);
    const bool all_safe = parts.outbox.leave(std::max(deadline, JobBook::Clock::now() + posts_end));
    if (parts.tracer != nullptr) parts.tracer->flush(deadline);
    const int code = dead ? exit_failed : exit_code(parts.book, end, all_safe);
    if (!clean) std::_Exit(code);  // a thread may never return: nothing waits for it, nothing is left to do
    return code;
}

}  // namespace

int work_for_runpod(const Options& options) {
    constexpr Milliseconds after_grace{400};
    StopSignals signals(  // first: later threads inherit the signal mask
        std::chrono::seconds(options.grace_s) + after_grace
    );
    const Result<Platform> platform = read_platform(process_environment);
    if (!platform) {
        log_error(platform.error().message);
        return exit_usage;
    }
    const Result<std::unique_ptr<Fetcher>> fetcher = open_fetcher(options.urls);
    if (!fetcher) {
        log_error(fetcher.error().message);
        return exit_usage;
    }
    const Result<std::unique_ptr<Tracer>> tracer = open_tracer();
    if (!tracer) {
        log_error(tracer.error().message);
        return exit_usage;
    }
    log_info("worker " + platform->worker_id + ", Vignette " VIGNETTE_VERSION);
    JobBook book;
    const Heartbeat heartbeat(*platform, book);
    make_own_bundle(options.model);
    if (!machine_is_fit(options, *platform)) return exit_failed;

    std::optional<ResultFolder> folder;
    if (!options.outbox.empty()) {
        Result<ResultFolder> opened = ResultFolder::open(options.outbox, platform->worker_id);
        if (!opened) {
            log_error(opened.error().message);
            return exit_usage;
        }
        folder.emplace(*std::move(opened));
    }
    HttpClient client(user_agent());
    Outbox outbox(client, *platform, book, folder ? &*folder : nullptr);
    std::map<JobId, std::filesystem::path> suspects;
    if (folder) {
        ResultFolder::Adopted left = folder->adopt();
        outbox.post_saved(std::move(left.results));
        suspects = std::move(left.suspects);
    }
    const Result<std::unique_ptr<Captioner>> captioner =
        open_unless_stopped(options, **fetcher, signals.token());
    if (!captioner) {
        const bool usage = captioner.error().code == ErrorCode::usage;  // the model is not to blame
        log_error((usage ? "" : "cannot load the model: ") + captioner.error().message);
        report_unhealthy(*platform, usage ? "options" : "model", captioner.error().message);
        return usage ? exit_usage : exit_failed;
    }
    return take_jobs(
        {options, *platform, client, book, outbox, tracer->get(), signals, folder ? &*folder : nullptr,
         std::move(suspects)},
        **captioner
    );
}

}  // namespace vignette
