#include "serve/job_store.h"

#include <algorithm>
#include <utility>

#include "core/log.h"
#include "wire/dialects/any_job.h"

namespace vignette {

JobStore::JobStore(JobDesk& desk, Deadlines& deadlines, Options options)
    : desk_(desk),
      deadlines_(deadlines),
      options_(std::move(options)),
      results_(options_.results_bytes_max),
      inputs_(options_.inputs_bytes_max) {}

JobStore::~JobStore() = default;

Result<std::string> JobStore::submit(
    std::string body, Submitted submitted, std::string tenant, Origin origin
) {
    const auto record = std::make_shared<Record>();
    record->body.emplace(std::move(body));
    record->submission = TRY(read_submission(*record->body, options_.limits, options_.policy));
    record->submitted = submitted;
    record->tenant = std::move(tenant);
    record->origin = std::move(origin);
    record->id = random_job_id(submitted);
    {
        const MutexLock lock(mutex_);
        records_.emplace(record->id, record);
        ++counts_.in_queue;
        record->life_end =
            deadlines_.after(record->submission.time_to_live, [this, record] { expire(record); });
    }
    if (Result<void> started = start(record); !started) {
        forget(record, 0);
        return std::unexpected(std::move(started).error());
    }
    return record->id;
}

// A new attempt: hands the job in at the desk. Whoever cancels it meanwhile takes only the record's body.
Result<void> JobStore::start(const Shared& record) {
    int attempt = 0;
    std::optional<PaddedText> body;
    {
        const MutexLock lock(mutex_);
        record->queued = Clock::now();
        record->stop = {};
        attempt = ++record->attempt;
        body = record->body;
    }
    if (!body) return {};
    const auto read = [&]() -> Result<Request> {
        return TRY(at_wall(ErrorCode::out_of_memory, [&] {
            return read_any_job(*body, options_.limits, IdLength::any, {record->id}).request;
        }));
    };
    Result<Request> request = read();
    if (!request) {
        log_job_failed({record->id}, request.error(), record->origin.request_id);
        settle(record, attempt, JobState::failed, {}, failure_text(request.error(), options_.worker));
        return {};
    }
    request->id = {record->id};
    request->origin = record->origin;
    DeskJob job = desk_job(record, attempt, *std::move(request));
    job.bytes = body->view().size();
    job.tenant = record->tenant;
    Result<void> accepted = desk_.submit(std::move(job));
    const bool is_retry = attempt > 1;  // its client knows the job already
    if (!accepted && is_retry)
        settle(record, attempt, JobState::failed, {}, failure_text(accepted.error(), options_.worker));
    return accepted;
}

DeskJob JobStore::desk_job(const Shared& record, int attempt, Request request) {
    const MutexLock lock(mutex_);
    return {
        .request = std::move(request),
        .stop = record->stop,
        .priority = record->submission.low_priority ? Priority::low : Priority::normal,
        .on_start = [this, record, attempt] { begun(record, attempt); },
        .on_event = [this, record, attempt](StreamEvent event) { said(record, attempt, std::move(event)); },
        .on_progress = [this, record, attempt](
                           std::size_t done, std::size_t count
                       ) { progressed(record, attempt, done, count); },
        .on_done =
            [this, record, attempt](const Answer&, const Result<std::string>& output) {
                if (output) {
                    settle(record, attempt, JobState::completed, *output, {});
                } else {
                    const std::string error = failure_text(output.error(), options_.worker);
                    settle(record, attempt, JobState::failed, {}, error);
                }
            },
    };
}

JobStore::Shared JobStore::find(const std::string& id) const {
    const auto found = records_.find(id);
    return found == records_.end() ? nullptr : found->second;
}

std::optional<JobStatus> JobStore::status(const std::string& id) {
    const MutexLock lock(mutex_);
    const Shared record = find(id);
    if (!record) return std::nullopt;
    return status_of(*record, options_.worker.worker_id);
}

std::optional<JobStore::News> JobStore::take_news(const std::string& id) {
    const MutexLock lock(mutex_);
    const Shared record = find(id);
    if (!record) return std::nullopt;
    return News{
        .status = status_of(*record, options_.worker.worker_id),
        .events = std::exchange(record->events, {}),
    };
}

void JobStore::wait(const std::string& id, Until what, Clock::time_point until, std::function<void()> then) {
    const auto once = std::make_shared<Once>(std::move(then));
    const bool nothing_to_wait_for = [&] {
        const MutexLock lock(mutex_);
        const Shared record = find(id);
        if (!record || is_final(record->state)) return true;
        if (what == Until::news && !record->events.empty()) return true;
        std::erase_if(record->waiters, [](const JobWaiter& one) { return one.then->called(); });
        record->waiters.push_back({what, once, deadlines_.at(until, [once] { (*once)(); })});
        return false;
    }();
    if (nothing_to_wait_for) (*once)();
}

void JobStore::wake(const std::vector<JobWaiter>& waiters) {
    for (const JobWaiter& one : waiters) {
        deadlines_.forget(one.end);
        (*one.then)();
    }
}

void JobStore::begun(const Shared& record, int attempt) {
    const MutexLock lock(mutex_);
    if (record->attempt != attempt || record->state != JobState::in_queue) return;
    record->state = JobState::in_progress;
    record->started = Clock::now();
    --counts_.in_queue;
    ++counts_.in_progress;
    record->execution_end =
        deadlines_.after(record->submission.execution_time_max, [this, record, attempt, stop = record->stop] {
            settle(
                record, attempt, JobState::timed_out, {},
                "job timed out: it took longer than executionTimeout"
            );
            std::stop_source(stop).request_stop();
        });
}

void JobStore::said(const Shared& record, int attempt, StreamEvent event) {
    std::vector<JobWaiter> woken;
    {
        const MutexLock lock(mutex_);
        if (record->attempt != attempt || is_final(record->state)) return;
        record->events.push_back(std::move(event));
        const auto listens = [](const JobWaiter& one) { return one.what == Until::news; };
        std::ranges::copy_if(record->waiters, std::back_inserter(woken), listens);
        std::erase_if(record->waiters, listens);
    }
    wake(woken);
}

void JobStore::progressed(const Shared& record, int attempt, std::size_t done, std::size_t count) {
    std::string progress = R"({"done":)" + std::to_string(done);
    if (count > 0) progress += R"(,"count":)" + std::to_string(count);
    const MutexLock lock(mutex_);
    if (record->attempt != attempt || is_final(record->state)) return;
    record->output_json = progress + "}";
}

// The end of an attempt, unless it has ended otherwise before. `from`: only if it still waits.
bool JobStore::settle(
    const Shared& record, int attempt, JobState state, std::string output, std::string error, From from
) {
    std::vector<JobWaiter> woken;
    std::string webhook;
    {
        const MutexLock lock(mutex_);
        if (record->attempt != attempt || is_final(record->state)) return false;
        if (from == From::queue && record->state != JobState::in_queue) return false;
        deadlines_.forget(record->execution_end);
        --(record->state == JobState::in_queue ? counts_.in_queue : counts_.in_progress);
        ++(state == JobState::completed ? counts_.completed : counts_.failed);
        record->state = state;
        record->ended = Clock::now();
        record->output_json = std::move(output);
        record->error = std::move(error);
        woken.swap(record->waiters);
        const Submission& submission = record->submission;
        if (!submission.webhook.empty() && options_.post_webhook) {
            const JobStatus status = status_of(*record, options_.worker.worker_id);
            webhook = format_webhook(status, submission.input, submission.webhook);
        }
        keep(record);
    }
    wake(woken);
    if (!webhook.empty()) options_.post_webhook(record->id, record->submission.webhook, std::move(webhook));
    return true;
}

// A job that has ended is kept for a while, as far as there is room: its results, and its input for a retry.
void JobStore::keep(const Shared& record) {
    if (records_.find(record->id) == records_.end()) return;
    const bool may_be_retried = record->state == JobState::failed || record->state == JobState::timed_out;
    if (may_be_retried && record->body) inputs_.add(record, record->body->view().size());
    if (!may_be_retried) record->body.reset();
    while (const Shared oldest = inputs_.take_excess()) oldest->body.reset();

    results_.add(record, bytes_of_results(*record));
    const auto time = record->submitted == Submitted::to_wait ? options_.keep_waited : options_.keep_polled;
    record->keep_end =
        deadlines_.after(time, [this, record, attempt = record->attempt] { forget(record, attempt); });
    while (const Shared oldest = results_.take_excess()) drop(oldest);
}

// From now on nobody knows the job. Those who wait for it are to be woken.
std::vector<JobWaiter> JobStore::drop(const Shared& record) {
    deadlines_.forget(record->life_end);
    deadlines_.forget(record->keep_end);
    deadlines_.forget(record->execution_end);
    results_.remove(*record);
    inputs_.remove(*record);
    record->body.reset();
    if (records_.erase(record->id) == 0 || is_final(record->state)) return {};
    --(record->state == JobState::in_queue ? counts_.in_queue : counts_.in_progress);
    ++record->attempt;  // what is still said about it comes too late
    return std::exchange(record->waiters, {});
}

// `attempt`: only if there has been no other since; 0: in any case.
void JobStore::forget(const Shared& record, int attempt) {
    std::vector<JobWaiter> woken;
    {
        const MutexLock lock(mutex_);
        if (attempt != 0 && record->attempt != attempt) return;
        woken = drop(record);
    }
    wake(woken);
}

// Its time to live is over: it is removed, even while it runs.
void JobStore::expire(const Shared& record) {
    std::stop_source stop(std::nostopstate);
    {
        const MutexLock lock(mutex_);
        stop = record->stop;
    }
    forget(record, 0);
    stop.request_stop();
}

std::optional<JobState> JobStore::cancel(const std::string& id) {
    const Shared record = [&] {
        const MutexLock lock(mutex_);
        return find(id);
    }();
    if (!record) return std::nullopt;
    return cancel(record, From::any_state);
}

// The state afterwards; nullopt if the job no longer waits, and only then was to be cancelled.
std::optional<JobState> JobStore::cancel(const Shared& record, From from) {
    int attempt = 0;
    std::stop_source stop(std::nostopstate);
    {
        const MutexLock lock(mutex_);
        attempt = record->attempt;
        stop = record->stop;
    }
    if (settle(record, attempt, JobState::cancelled, {}, {}, from)) {
        stop.request_stop();
        return JobState::cancelled;
    }
    if (from == From::queue) return std::nullopt;
    const MutexLock lock(mutex_);
    return record->state;
}

Result<void> JobStore::take_back(Record& record) {
    if (record.state != JobState::failed && record.state != JobState::timed_out) {
        return fail(
            ErrorCode::invalid_input, "only a job that is FAILED or TIMED_OUT can be retried; this one is " +
                                          std::string(to_text(record.state))
        );
    }
    if (!record.body)
        return fail(ErrorCode::invalid_input, "its input is no longer kept; send it as a new job");
    deadlines_.forget(record.keep_end);
    results_.remove(record);
    inputs_.remove(record);
    record.state = JobState::in_queue;
    record.started = {};
    record.output_json.clear();
    record.error.clear();
    record.events.clear();
    --counts_.failed;
    ++counts_.in_queue;
    ++counts_.retried;
    return {};
}

Result<void> JobStore::retry(const std::string& id) {
    Shared record;
    {
        const MutexLock lock(mutex_);
        record = find(id);
        if (!record) return fail(ErrorCode::not_found, "there is no such job; it may have expired");
        TRY(take_back(*record));
    }
    return start(record);
}

std::size_t JobStore::purge() {
    std::vector<Shared> waiting;
    {
        const MutexLock lock(mutex_);
        for (const auto& [id, record] : records_)
            if (record->state == JobState::in_queue) waiting.push_back(record);
    }
    return static_cast<std::size_t>(std::ranges::count_if(waiting, [&](const Shared& record) {
        return cancel(record, From::queue).has_value();
    }));
}

JobCounts JobStore::counts() const {
    const MutexLock lock(mutex_);
    return counts_;
}

}  // namespace vignette
