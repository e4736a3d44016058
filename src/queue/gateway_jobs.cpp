#include "queue/gateway_jobs.h"

#include <utility>

#include "core/log.h"
#include "serve/routes/endpoint_routes.h"
#include "wire/dialects/endpoint.h"
#include "wire/json/reader.h"

namespace vignette {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds keep_polled{1'800'000};
constexpr milliseconds keep_waited{60'000};

void answer_status(const Call& call, JobQueue& queue, const std::string& id) {
    const auto news = queue.peek(id);
    if (!news) return call.refuse(news.error());
    *news ? call.answer(format_status((*news)->status)) : refuse_unknown(call);
}

}  // namespace

Result<NewWork> GatewayJobs::read(const Call& call, bool waits) const {
    PaddedText body(call.take_body());
    const Submission submission = TRY(read_submission(body, limits_, {}));
    return NewWork{
        .id = random_job_id(waits ? Submitted::to_wait : Submitted::to_poll),
        .kind = WorkKind::job,
        .head = {},
        .body = std::string(body.view()),
        .tenant = call.tenant(),
        .gateway = {},
        .webhook = submission.webhook,
        .low_priority = submission.low_priority,
        .execution_max = submission.execution_time_max,
        .life = submission.time_to_live,
        .keep = waits ? keep_waited : keep_polled,
    };
}

void GatewayJobs::offer(const Call& call, Task task, std::size_t bytes) {
    if (crew_.offer(std::move(task), bytes)) return;
    call.refuse(
        {.code = ErrorCode::overloaded,
         .message = "this gateway has as many requests as it can hold; try again in a moment",
         .field = {}}
    );
}

void GatewayJobs::about_job(const Call& call, Task task) {
    offer(call, [call, task = std::move(task)](JobQueue& queue) {
        if (call.services().jobs_apart) {
            const Result<std::string> owner = queue.tenant_of(call.part(1));
            if (!owner) return call.refuse(owner.error());
            if (*owner != call.tenant()) return refuse_unknown(call);
        }
        task(queue);
    });
}

void GatewayJobs::run(const Call& call) {
    Result<NewWork> work = read(call, false);
    if (!work) return call.refuse(work.error());
    const std::size_t bytes = work->body.size();
    auto hand_in = [this, call, work = *std::move(work)](JobQueue& queue) {
        const Result<void> taken = queue.submit(work, jobs_max_);
        taken ? call.answer(format_status({.id = work.id})) : call.refuse(taken.error());
    };
    offer(call, std::move(hand_in), bytes);
}

void GatewayJobs::runsync(const Call& call) {
    const Result<milliseconds> time = wait_of(call, sync_wait);
    if (!time) return call.refuse(time.error());
    Result<NewWork> work = read(call, true);
    if (!work) return call.refuse(work.error());
    const std::size_t bytes = work->body.size();
    auto hand_in = [this, call, time = *time, work = *std::move(work)](JobQueue& queue) {
        const Result<void> taken = queue.submit(work, jobs_max_);
        if (!taken) return call.refuse(taken.error());
        waits_.add(
            work.id, Until::ended, Deadlines::Clock::now() + time,
            [call, id = work.id](JobQueue& then) { answer_status(call, then, id); }
        );
        waits_.look_at(queue, work.id);
    };
    offer(call, std::move(hand_in), bytes);
}

void GatewayJobs::status(const Call& call) {
    about_job(call, [call](JobQueue& queue) { answer_status(call, queue, call.part(1)); });
}

void GatewayJobs::wait(const Call& call, Until what, milliseconds time, Task then) {
    about_job(call, [this, id = call.part(1), what, time, then = std::move(then)](JobQueue& queue) {
        waits_.add(id, what, Deadlines::Clock::now() + time, then);
        waits_.look_at(queue, id);
    });
}

void GatewayJobs::status_sync(const Call& call) {
    const Result<milliseconds> time = wait_of(call, sync_wait);
    if (!time) return call.refuse(time.error());
    wait(call, Until::ended, *time, [call](JobQueue& queue) { answer_status(call, queue, call.part(1)); });
}

void GatewayJobs::stream(const Call& call) {
    const Result<milliseconds> time = wait_of(call, stream_wait);
    if (!time) return call.refuse(time.error());
    wait(call, Until::news, *time, [call](JobQueue& queue) {
        const auto news = queue.drain(call.part(1));
        if (!news) return call.refuse(news.error());
        *news ? call.answer(format_stream_of_chunks((*news)->status, (*news)->events)) : refuse_unknown(call);
    });
}

void GatewayJobs::cancel(const Call& call) {
    about_job(call, [call](JobQueue& queue) {
        const auto state = queue.cancel(call.part(1), JobQueue::From::any_state);
        if (!state) return call.refuse(state.error());
        *state ? call.answer(format_status({.id = call.part(1), .state = **state})) : refuse_unknown(call);
    });
}

void GatewayJobs::retry(const Call& call) {
    about_job(call, [call](JobQueue& queue) {
        const Result<void> retried = queue.retry(call.part(1));
        if (retried) return call.answer(format_status({.id = call.part(1)}));
        retried.error().code == ErrorCode::not_found ? refuse_unknown(call) : call.refuse(retried.error());
    });
}

void GatewayJobs::purge(const Call& call) {
    offer(call, [call](JobQueue& queue) {
        const auto ids = queue.waiting();
        if (!ids) return call.refuse(ids.error());
        std::size_t removed = 0;
        for (const std::string& id : *ids) {
            const auto state = queue.cancel(id, JobQueue::From::queue);
            if (!state) return call.refuse(state.error());
            if (*state) ++removed;
        }
        call.answer(R"({"removed":)" + std::to_string(removed) + R"(,"status":"completed"})");
    });
}

void GatewayJobs::health(const Call& call) {
    offer(call, [call](JobQueue& queue) {
        const auto stats = queue.stats();
        if (!stats) return call.refuse(stats.error());
        call.answer(format_health_of_many(stats->counts, stats->workers));
    });
}

}  // namespace vignette
