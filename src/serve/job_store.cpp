#include "serve/job_store.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "core/log.h"
#include "serve/random_name.h"
#include "wire/dialects/any_job.h"

namespace vignette {
namespace {

std::string random_id(Submitted submitted) {
    return (submitted == Submitted::to_wait ? "sync-" : "") + random_name() + "-u1";
}

std::int64_t ms_between(Deadlines::Clock::time_point from, Deadlines::Clock::time_point to) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(to - from).count();
}

}  // namespace

// Called by whichever comes first, an event or a deadline.
class JobStore::Once {
public:
    explicit Once(std::function<void()> call) : call_(std::move(call)) {}
    void operator()() {
        if (!called_.exchange(true)) call_();
    }
    bool called() const { return called_; }

private:
    std::function<void()> call_;
    std::atomic<bool> called_ = false;
};

struct JobStore::Record {
    struct Waiter {
        Until what;
        std::shared_ptr<Once> then;
    };

    std::string id;
    Submitted submitted = Submitted::to_poll;
    std::optional<PaddedText> body;  // until nobody can ask for another attempt
    Submission submission;           // refers to the body
    std::stop_source stop;           // of this attempt
    int attempt = 0;
    JobState state = JobState::in_queue;
    Clock::time_point queued, started, ended;
    std::string output_json;
    std::string error;
    std::vector<StreamEvent> events;
    std::vector<Waiter> waiters;
    Deadlines::Ticket execution_end, life_end;
};

JobStore::JobStore(JobDesk& desk, Deadlines& deadlines, Options options)
    : desk_(desk), deadlines_(deadlines), options_(std::move(options)) {}

JobStore::~JobStore() = default;

Result<std::string> JobStore::submit(std::string body, Submitted submitted) {
    const auto record = std::make_shared<Record>();
    record->body.emplace(std::move(body));
    record->submission = TRY(read_submission(*record->body, options_.limits));
    record->submitted = submitted;
    record->id = random_id(submitted);
    {
        const MutexLock lock(mutex_);
        records_.emplace(record->id, record);
        ++counts_.in_queue;
    }
    record->life_end = deadlines_.after(record->submission.time_to_live, [this, record] { expire(record); });
    if (Result<void> started = start(record); !started) {
        forget(record, 0);
        return std::unexpected(std::move(started).error());
    }
    return record->id;
}

// A new attempt: hands the job in at the desk.
Result<void> JobStore::start(const Shared& record) {
    const auto [attempt, stop] = [&] {
        const MutexLock lock(mutex_);
        record->queued = Clock::now();
        record->stop = {};
        return std::pair(++record->attempt, record->stop);
    }();
    ReadRequest read = read_any_job(*record->body, options_.limits, IdLength::any, {record->id});
    if (!read.request) {
        const std::string error = failure_text(read.request.error(), options_.worker);
        log_job_failed({record->id}, read.request.error());
        settle(record, attempt, JobState::failed, {}, error);
        return {};
    }
    read.request->id = {record->id};
    DeskJob job{
        .request = *std::move(read.request),
        .stop = stop,
        .priority = record->submission.low_priority ? Priority::low : Priority::normal,
        .bytes = record->body->view().size(),
        .on_start = [this, record, attempt] { begun(record, attempt); },
        .on_event = [this, record, attempt](StreamEvent event) { said(record, attempt, std::move(event)); },
        .on_progress = [this, record, attempt](
                           std::size_t done, std::size_t count
                       ) { progressed(record, attempt, done, count); },
        .on_done =
            [this, record, attempt](const Answer&, const Result<std::string>& output) {
                if (output) return settle(record, attempt, JobState::completed, *output, {});
                settle(record, attempt, JobState::failed, {}, failure_text(output.error(), options_.worker));
            },
    };
    return desk_.submit(std::move(job));
}

JobStore::Shared JobStore::find(const std::string& id) const {
    const auto found = records_.find(id);
    return found == records_.end() ? nullptr : found->second;
}

JobStatus JobStore::status_of(const Record& record) const {
    JobStatus status{.id = record.id, .state = record.state};
    if (record.started != Clock::time_point{}) status.delay_ms = ms_between(record.queued, record.started);
    if (is_final(record.state) && record.started != Clock::time_point{})
        status.execution_ms = ms_between(record.started, record.ended);
    status.output_json = record.output_json;
    status.error = record.error;
    status.retries = record.attempt - 1;
    status.worker_id = options_.worker.worker_id;
    return status;
}

std::optional<JobStatus> JobStore::status(const std::string& id) {
    const MutexLock lock(mutex_);
    const Shared record = find(id);
    if (!record) return std::nullopt;
    return status_of(*record);
}

std::optional<JobStore::News> JobStore::take_news(const std::string& id) {
    const MutexLock lock(mutex_);
    const Shared record = find(id);
    if (!record) return std::nullopt;
    return News{.status = status_of(*record), .events = std::exchange(record->events, {})};
}

void JobStore::wait(const std::string& id, Until what, Clock::time_point until, std::function<void()> then) {
    const auto once = std::make_shared<Once>(std::move(then));
    const bool nothing_to_wait_for = [&] {
        const MutexLock lock(mutex_);
        const Shared record = find(id);
        if (!record || is_final(record->state)) return true;
        if (what == Until::news && !record->events.empty()) return true;
        std::erase_if(record->waiters, [](const Record::Waiter& one) { return one.then->called(); });
        record->waiters.push_back({what, once});
        return false;
    }();
    if (nothing_to_wait_for) return (*once)();
    deadlines_.at(until, [once] { (*once)(); });
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
    std::vector<std::shared_ptr<Once>> woken;
    {
        const MutexLock lock(mutex_);
        if (record->attempt != attempt || is_final(record->state)) return;
        record->events.push_back(std::move(event));
        for (const Record::Waiter& one : record->waiters)
            if (one.what == Until::news) woken.push_back(one.then);
        std::erase_if(record->waiters, [](const Record::Waiter& one) { return one.what == Until::news; });
    }
    for (const auto& once : woken) (*once)();
}

void JobStore::progressed(const Shared& record, int attempt, std::size_t done, std::size_t count) {
    std::string progress = R"({"done":)" + std::to_string(done);
    if (count > 0) progress += R"(,"count":)" + std::to_string(count);
    const MutexLock lock(mutex_);
    if (record->attempt != attempt || is_final(record->state)) return;
    record->output_json = progress + "}";
}

void JobStore::settle(
    const Shared& record, int attempt, JobState state, std::string output, std::string error
) {
    std::vector<Record::Waiter> woken;
    std::string webhook;
    Deadlines::Ticket execution_end;
    {
        const MutexLock lock(mutex_);
        if (record->attempt != attempt || is_final(record->state)) return;
        execution_end = record->execution_end;
        --(record->state == JobState::in_queue ? counts_.in_queue : counts_.in_progress);
        ++(state == JobState::completed ? counts_.completed : counts_.failed);
        record->state = state;
        record->ended = Clock::now();
        record->output_json = std::move(output);
        record->error = std::move(error);
        woken.swap(record->waiters);
        if (!record->submission.webhook.empty())
            webhook =
                format_webhook(status_of(*record), record->submission.input, record->submission.webhook);
        if (state == JobState::completed || state == JobState::cancelled) {
            record->submission.input = {};  // it cannot be tried again
            record->body.reset();
        }
    }
    deadlines_.forget(execution_end);
    for (const Record::Waiter& one : woken) (*one.then)();
    if (!webhook.empty() && options_.post_webhook)
        options_.post_webhook(record->submission.webhook, std::move(webhook));
    deadlines_.after(
        record->submitted == Submitted::to_wait ? options_.keep_waited : options_.keep_polled,
        [this, record, attempt] { forget(record, attempt); }
    );
}

// `attempt`: only if there has been no other since; 0: in any case.
void JobStore::forget(const Shared& record, int attempt) {
    deadlines_.forget(record->life_end);
    const MutexLock lock(mutex_);
    if (attempt != 0 && record->attempt != attempt) return;
    if (records_.erase(record->id) == 0 || is_final(record->state)) return;
    --(record->state == JobState::in_queue ? counts_.in_queue : counts_.in_progress);
    ++record->attempt;  // what is still said about it comes too late
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
    Shared record;
    int attempt = 0;
    std::stop_source stop(std::nostopstate);
    {
        const MutexLock lock(mutex_);
        record = find(id);
        if (!record) return std::nullopt;
        if (is_final(record->state)) return record->state;
        attempt = record->attempt;
        stop = record->stop;
    }
    settle(record, attempt, JobState::cancelled, {}, {});
    stop.request_stop();
    return JobState::cancelled;
}

Result<void> JobStore::retry(const std::string& id) {
    Shared record;
    {
        const MutexLock lock(mutex_);
        record = find(id);
        if (!record) return fail(ErrorCode::not_found, "there is no such job; it may have expired");
        if (record->state != JobState::failed && record->state != JobState::timed_out) {
            return fail(
                ErrorCode::invalid_input,
                "only a job that is FAILED or TIMED_OUT can be retried; this one is " +
                    std::string(to_text(record->state))
            );
        }
        record->state = JobState::in_queue;
        record->started = {};
        record->output_json.clear();
        record->error.clear();
        record->events.clear();
        --counts_.failed;
        ++counts_.in_queue;
        ++counts_.retried;
    }
    Result<void> started = start(record);
    if (!started)
        settle(record, record->attempt, JobState::failed, {}, failure_text(started.error(), options_.worker));
    return started;
}

std::size_t JobStore::purge() {
    std::vector<std::string> waiting;
    {
        const MutexLock lock(mutex_);
        for (const auto& [id, record] : records_)
            if (record->state == JobState::in_queue) waiting.push_back(id);
    }
    for (const std::string& id : waiting) cancel(id);
    return waiting.size();
}

JobCounts JobStore::counts() const {
    const MutexLock lock(mutex_);
    return counts_;
}

}  // namespace vignette
