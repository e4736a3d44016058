// How the store's jobs outlive the process.
#include <algorithm>
#include <chrono>
#include <utility>

#include "core/log.h"
#include "serve/job_store.h"

namespace vignette {
namespace {

using Steady = JobRecord::Clock;
using std::chrono::nanoseconds;

// One for the whole process: the time between two events stays what it was.
nanoseconds clock_offset() {
    static const nanoseconds offset =
        std::chrono::system_clock::now().time_since_epoch() - Steady::now().time_since_epoch();
    return offset;
}

// Both clocks have a value that means: not yet.
WallTime wall_time(Steady::time_point time) {
    return time == Steady::time_point{} ? WallTime{} : WallTime(time.time_since_epoch() + clock_offset());
}

Steady::time_point steady_time(WallTime time) {
    if (time == WallTime{}) return {};
    return Steady::time_point(time.time_since_epoch() - clock_offset());
}

Error too_many_crashes(int crashes) {
    return {
        .code = ErrorCode::internal,
        .message =
            "the server ended unexpectedly " + std::to_string(crashes) +
            " times while this job was running, so it is not run again; check the picture, or retry it",
        .field = {}
    };
}

}  // namespace

// The client is answered once the job is on the disk. It may run, and even end, before.
void JobStore::enter(const Shared& record, std::optional<PaddedText> body, const Accepted& then) {
    std::function<void()> tell_end;
    {
        const MutexLock lock(mutex_);
        if (find(record->id)) {  // it may have been forgotten by now
            record->entered = true;
            JobRow row{
                .id = record->id,
                .submitted = record->submitted,
                .tenant = record->tenant,
                .expires = wall_time(record->expires),
                .body = std::move(body),
                .facts = facts_of(*record),
            };
            options_.ledger->write(std::move(row), [this, record, then](const Result<void>& written) {
                entered(record, then, written);
            });
            return;
        }
        tell_end = std::exchange(record->tell_end, {});
    }
    then(record->id);
    if (tell_end) tell_end();
}

void JobStore::entered(const Shared& record, const Accepted& then, const Result<void>& written) {
    if (!written) {
        expire(record);
        return then(fail(
            ErrorCode::unavailable, "the server cannot write jobs down now, so this one was not accepted: " +
                                        written.error().message + "; try again later"
        ));
    }
    then(record->id);
    std::function<void()> tell_end;
    {
        const MutexLock lock(mutex_);
        tell_end = std::exchange(record->tell_end, {});
    }
    if (tell_end) tell_end();
}

JobFacts JobStore::facts_of(const Record& record) const {
    return {
        .state = record.state,
        .attempt = record.attempt,
        .crashes = record.crashes,
        .queued = wall_time(record.queued),
        .started = wall_time(record.started),
        .ended = is_final(record.state) ? wall_time(record.ended) : WallTime{},
        .output_json = is_final(record.state) ? record.output_json : std::string(),  // not its progress
        .error = record.error,
        .keeps_input = record.body.has_value(),
        .owes_webhook =
            is_final(record.state) && !record.submission.webhook.empty() && options_.post_webhook != nullptr,
    };
}

// Called with the change, under one lock, so that changes are written in the order they happen. False without
// a ledger: then `then` is not called.
bool JobStore::note(const Shared& record, std::function<void()> then) {
    if (!options_.ledger) return false;
    if (!record->entered) {
        record->tell_end = std::move(then);
        return true;
    }
    ++record->unwritten;
    options_.ledger->write(
        ChangedJob{.id = record->id, .facts = facts_of(*record)},
        [this, record, then = std::move(then)](const Result<void>&) {
            noted(record);
            if (then) then();
        }
    );
    return true;
}

void JobStore::noted(const Shared& record) {
    std::vector<std::function<void()>> told;
    {
        const MutexLock lock(mutex_);
        if (--record->unwritten == 0) told.swap(record->until_written);
    }
    for (const auto& then : told) then();
}

void JobStore::when_written(const std::string& id, std::function<void()> then) {
    if (options_.ledger && id.empty()) {
        // A change that changes nothing, after everything so far.
        return options_.ledger->write(ForgottenJob{}, [then = std::move(then)](const auto&) { then(); });
    }
    {
        const MutexLock lock(mutex_);
        const Shared record = find(id);
        if (record && record->unwritten > 0) {
            record->until_written.push_back(std::move(then));
            return;
        }
    }
    then();
}

// Those that have ended first, the oldest first, as they give way to new ones.
void JobStore::restore(std::vector<JobRow> rows) {
    const auto unfinished =
        std::ranges::stable_partition(rows, [](const JobRow& row) { return is_final(row.facts.state); });
    const auto ended = std::ranges::subrange(rows.begin(), unfinished.begin());
    std::ranges::sort(ended, {}, [](const JobRow& row) { return row.facts.ended; });
    if (!rows.empty()) {
        log_info(
            "jobs of an earlier process: " + std::to_string(unfinished.size()) + " to run, " +
            std::to_string(ended.size()) + " that have ended"
        );
    }
    for (JobRow& row : rows) restore(std::move(row));
}

void JobStore::restore(JobRow row) {
    const auto record = std::make_shared<Record>();
    record->id = std::move(row.id);
    record->submitted = row.submitted;
    record->tenant = std::move(row.tenant);
    record->expires = steady_time(row.expires);
    record->body = std::move(row.body);
    record->attempt = row.facts.attempt;
    record->crashes = row.facts.crashes;
    record->queued = steady_time(row.facts.queued);
    record->entered = record->recovered = true;
    if (record->expires <= Clock::now()) return options_.ledger->write(ForgottenJob{.id = record->id});
    if (record->body) {
        // It could be read when it was accepted. If it cannot be now, the attempt will say so.
        Result<Submission> submission = read_submission(*record->body, options_.limits, options_.policy);
        if (submission) record->submission = *std::move(submission);
    }
    {
        const MutexLock lock(mutex_);
        records_.emplace(record->id, record);
        record->life_end = deadlines_.at(record->expires, [this, record] { expire(record); });
    }
    is_final(row.facts.state) ? restore_ended(record, row.facts) : restore_unfinished(record, row.facts);
}

void JobStore::restore_ended(const Shared& record, const JobFacts& facts) {
    std::string webhook;
    {
        const MutexLock lock(mutex_);
        record->state = facts.state;
        record->started = steady_time(facts.started);
        record->ended = steady_time(facts.ended);
        record->output_json = facts.output_json;
        record->error = facts.error;
        ++(facts.state == JobState::completed ? counts_.completed : counts_.failed);
        if (facts.owes_webhook) webhook = webhook_of(*record);
        if (!facts.keeps_input) record->body.reset();
        keep(record);
    }
    if (!webhook.empty()) post_webhook(record, facts.attempt, std::move(webhook));
}

void JobStore::restore_unfinished(const Shared& record, const JobFacts& facts) {
    const bool was_running = facts.state == JobState::in_progress;
    {
        const MutexLock lock(mutex_);
        ++counts_.in_queue;
        if (was_running) {
            ++record->crashes;
            ++counts_.retried;
            record->queued = Clock::now();
        } else {
            --record->attempt;  // start() counts it
        }
    }
    if (record->crashes < options_.crashes_max) {
        std::ignore = start(record);
    } else {
        const Error error = too_many_crashes(record->crashes);
        log_warning("job_given_up crashes=" + std::to_string(record->crashes), record->id);
        settle(record, facts.attempt, JobState::failed, {}, failure_text(error, options_.worker));
    }
}

}  // namespace vignette
