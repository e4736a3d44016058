// How the store's jobs end, and what follows.
#include <algorithm>
#include <utility>

#include "serve/job_store.h"

namespace vignette {

// The end of an attempt, unless it has ended otherwise before. `from`: only if it still waits.
bool JobStore::settle(
    const Shared& record, int attempt, JobState state, std::string output, std::string error, From from
) {
    std::function<void()> tell;
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
        tell = [this, record, attempt, woken = std::exchange(record->waiters, {}),
                webhook = webhook_of(*record)] {
            wake(woken);
            if (!webhook.empty()) post_webhook(record, attempt, webhook);
        };
        keep(record);
        if (note(record, tell)) return true;
    }
    tell();
    return true;
}

// Empty: nobody is to be told.
std::string JobStore::webhook_of(const Record& record) const {
    const Submission& submission = record.submission;
    if (submission.webhook.empty() || !options_.post_webhook) return {};
    return format_webhook(status_of(record, options_.worker.worker_id), submission.input, submission.webhook);
}

void JobStore::post_webhook(const Shared& record, int attempt, std::string body) {
    std::function<void()> done;
    if (options_.ledger) {
        // It may be delivered when the store is gone.
        done = [ledger = options_.ledger, id = record->id, attempt] {
            ledger->write(DeliveredWebhook{.id = id, .attempt = attempt});
        };
    }
    options_.post_webhook(record->id, record->submission.webhook, std::move(body), std::move(done));
}

// The server ends before the job has: it waits for the next process.
void JobStore::put_back(const Shared& record, int attempt) {
    const MutexLock lock(mutex_);
    if (record->attempt != attempt || is_final(record->state)) return;
    deadlines_.forget(record->execution_end);
    if (record->state == JobState::in_progress) {
        --counts_.in_progress;
        ++counts_.in_queue;
    }
    record->state = JobState::in_queue;
    record->started = {};
    record->output_json.clear();
    record->events.clear();
    note(record, [this, woken = std::exchange(record->waiters, {})] { wake(woken); });
}

// A job that has ended is kept for a while, as far as there is room: its results, and its input for a retry.
void JobStore::keep(const Shared& record) {
    if (records_.find(record->id) == records_.end()) return;
    const bool may_be_retried = record->state == JobState::failed || record->state == JobState::timed_out;
    if (may_be_retried && record->body) inputs_.add(record, record->body->view().size());
    if (!may_be_retried) record->body.reset();
    results_.add(record, bytes_of_results(*record));
    const auto time = record->submitted == Submitted::to_wait ? options_.keep_waited : options_.keep_polled;
    record->keep_end = deadlines_.at(record->ended + time, [this, record, attempt = record->attempt] {
        forget(record, attempt);
    });
    make_room();
}

void JobStore::make_room() {
    while (const Shared oldest = inputs_.take_excess()) {
        oldest->body.reset();
        if (oldest->entered) options_.ledger->write(DroppedInput{.id = oldest->id});
    }
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
    if (records_.erase(record->id) == 0) return {};
    if (record->entered) options_.ledger->write(ForgottenJob{.id = record->id});
    if (is_final(record->state)) return {};
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
    record.queued = Clock::now();
    record.started = {};
    record.crashes = std::min(record.crashes, options_.crashes_max - 1);  // one more try
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
        if (options_.ledger && options_.ledger->is_failing())
            return fail(ErrorCode::unavailable, "the server cannot write jobs down now; try again later");
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

}  // namespace vignette
