#include "queue/queue_worker.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "core/log.h"
#include "core/stop.h"
#include "queue/backoff.h"
#include "queue/listener.h"
#include "queue/queue_exchange.h"
#include "serve/routes/routes.h"
#include "wire/dialects/any_job.h"
#include "wire/dialects/runpod.h"

namespace vignette {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t turns_of_low = 8;  // of every so many takes one prefers what has low priority

void log_trouble(Backoff& backoff, const Error& error) {
    if (backoff.is_first()) log_error("the queue: " + error.message + "; trying again");
}

std::string progress_text(std::size_t done, std::size_t count) {
    std::string text = R"({"done":)" + std::to_string(done);
    if (count > 0) text += R"(,"count":)" + std::to_string(count);
    return text + "}";
}

}  // namespace

QueueWorker::QueueWorker(Services& services, Options options)
    : services_(services),
      options_(std::move(options)),
      sender_(options_.address, options_.name),
      keeper_([this](const std::stop_token& stop) { keep(stop); }),
      canceller_([this](const std::stop_token& stop) { heed_cancels(stop); }) {}

void QueueWorker::run(const std::stop_token& stop) {
    JobQueue queue(options_.address);
    Backoff backoff;
    auto next_look = Clock::now();  // for work of those that are silent
    for (std::size_t turn = 1; !stop.stop_requested();) {
        const auto room =
            static_cast<int>(sender_.wait_for_room(static_cast<std::size_t>(options_.places), stop));
        if (room == 0) return;
        const auto taken = [&]() -> Result<std::vector<TakenWork>> {
            if (Clock::now() < next_look) return queue.take(options_.name, room, turn++ % turns_of_low == 0);
            TRY(queue.join());
            next_look = Clock::now() + options_.idle_min / 3;
            return queue.take_over(options_.name, room, options_.idle_min);
        }();
        if (taken) {
            backoff.reset();
            for (const TakenWork& work : *taken) start(work);
            continue;
        }
        log_trouble(backoff, taken.error());
        next_look = Clock::now();  // Redis may have been restarted without the group
        wait_for(backoff.next(), stop);
    }
}

void QueueWorker::start(TakenWork work) {
    const std::stop_source stop;
    sender_.open(work.id, work.attempt, stop);
    work.kind == WorkKind::job ? start_job(std::move(work), stop) : start_request(std::move(work), stop);
}

void QueueWorker::start_job(TakenWork work, const std::stop_source& stop) {
    const std::string id = work.id;
    const WorkerIdentity identity{.hostname = options_.name, .worker_id = options_.name};
    const auto fail_with = [this, id, identity](const Error& error) {
        sender_.finish(id, {.state = JobState::failed, .output = {}, .error = failure_text(error, identity)});
    };
    const std::size_t bytes = work.body.size();
    const PaddedText body(std::move(work.body));
    const auto read = [&]() -> Result<Request> {
        return TRY(at_wall(ErrorCode::out_of_memory, [&] {
            return read_any_job(body, services_.limits, {.id_length = IdLength::any}, {id}).request;
        }));
    };
    Result<Request> request = read();
    if (!request) {
        log_job_failed({id}, request.error());
        return fail_with(request.error());
    }
    request->id = {id};
    const auto timeout = std::make_shared<Deadlines::Ticket>(services_.deadlines.after(
        work.execution_max,
        [this, id, stop]() mutable {
            sender_.finish(
                id, {.state = JobState::timed_out,
                     .output = {},
                     .error = "job timed out: it took longer than executionTimeout"}
            );
            stop.request_stop();
        }
    ));
    const Result<void> accepted = services_.desk.submit({
        .request = *std::move(request),
        .stop = stop,
        .tenant = work.tenant,
        .bytes = bytes,
        .on_start = {},
        .on_event = [this, id](StreamEvent event) { sender_.say(id, format_chunk({std::move(event)})); },
        .on_progress = [this, id](
                           std::size_t done, std::size_t count
                       ) { sender_.progress(id, progress_text(done, count)); },
        .on_done =
            [this, id, timeout, fail_with](const Answer& answer, const Result<std::string>& output) {
                services_.deadlines.forget(*timeout);
                if (answer.any_failed_with(ErrorCode::device_lost)) return lose(id);
                output ? sender_.finish(id, {.output = *output, .error = {}}) : fail_with(output.error());
            },
    });
    if (accepted) return;
    services_.deadlines.forget(*timeout);
    fail_with(accepted.error());
}

void QueueWorker::start_request(TakenWork work, const std::stop_source& stop) {
    std::optional<ServedRequest> request = read_request_text(work.head);
    Match match = request ? find_route(request->method, request->path) : Match{};
    if (match.route == nullptr) {  // of a gateway of another version
        return sender_.finish(
            work.id, {.state = JobState::failed,
                      .output = {},
                      .error = "the worker does not know this route: run the same version everywhere"}
        );
    }
    request->body = std::move(work.body);
    request->tenant = std::move(work.tenant);
    Origin origin{.request_id = request->id, .trace = {}};
    const Call call(
        std::make_shared<QueueExchange>(work.id, *std::move(request), stop.get_token(), sender_),
        *match.route, std::move(match.parts), services_, std::move(origin)
    );
    const Result<void> handled = at_wall(ErrorCode::out_of_memory, [&] { match.route->handle(call); });
    if (!handled) call.refuse(handled.error());
}

// It goes back once nothing more is taken here: until then it would come straight back.
void QueueWorker::lose(const std::string& id) {
    const MutexLock lock(mutex_);
    if (takes_) return lost_.push_back(id);
    sender_.hand_back(id, JobQueue::Attempt::counted);
}

bool QueueWorker::drain(Clock::time_point deadline) {
    {
        const MutexLock lock(mutex_);
        takes_ = false;
        for (const std::string& id : lost_) sender_.hand_back(id, JobQueue::Attempt::counted);
    }
    const milliseconds whole = std::chrono::duration_cast<milliseconds>(deadline - Clock::now());
    const auto reserve = std::clamp(whole / 5, milliseconds(200), milliseconds(3'000));
    if (!sender_.wait_until_empty(deadline - reserve)) {
        log_warning("the grace period is nearly over: handing back what still runs");
        for (const auto& [id, attempt] : sender_.held()) sender_.hand_back(id, JobQueue::Attempt::forgiven);
        services_.desk.stop_all();
    }
    const bool told = sender_.wait_until_empty(deadline);
    if (!JobQueue(options_.address).leave(options_.name)) log_debug("could not take leave of the queue");
    return told;
}

void QueueWorker::keep(const std::stop_token& stop) {
    JobQueue queue(options_.address);
    Backoff backoff;
    const milliseconds pause = std::min(options_.idle_min / 4, milliseconds(10'000));
    while (!stop.stop_requested()) {
        const auto lost = queue.renew(options_.name, sender_.held());
        if (!lost) {
            log_trouble(backoff, lost.error());
            wait_for(std::min(backoff.next(), pause), stop);
            continue;
        }
        backoff.reset();
        for (const std::string& id : *lost) {
            log_warning("this job is no longer ours: another worker has it, or it has ended", id);
            sender_.drop(id);
        }
        wait_for(pause, stop);
    }
}

void QueueWorker::heed_cancels(const std::stop_token& stop) {
    Listener listener(options_.address, "cancel");
    while (!stop.stop_requested())
        if (const std::optional<std::string> id = listener.next(stop)) sender_.drop(*id);
}

}  // namespace vignette
