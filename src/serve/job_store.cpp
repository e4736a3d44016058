#include "serve/job_store.h"

#include <algorithm>
#include <future>
#include <utility>

#include "core/log.h"
#include "wire/dialects/any_job.h"

namespace vignette {
namespace {

// Whether something of the job was not done because the server ends.
bool was_cut_off(const Answer& answer, const Result<std::string>& output) {
    const auto ends = [](const auto& result) {
        return !result && result.error().code == ErrorCode::shutting_down;
    };
    return ends(output) || (answer.film && ends(*answer.film)) ||
           std::ranges::any_of(answer.items, [&](const AnsweredItem& item) { return ends(item.outcome); });
}

}  // namespace

JobStore::JobStore(JobDesk& desk, Deadlines& deadlines, Options options)
    : desk_(desk),
      deadlines_(deadlines),
      options_(std::move(options)),
      results_(options_.results_bytes_max),
      inputs_(options_.inputs_bytes_max) {}

JobStore::~JobStore() = default;

Result<JobStore::Shared> JobStore::read_job(std::string body) {
    auto record = std::make_shared<Record>();
    record->body.emplace(std::move(body));
    record->submission = TRY(read_submission(*record->body, options_.limits, options_.policy));
    return record;
}

void JobStore::submit(
    std::string body, Submitted submitted, std::string tenant, const Accepted& then, Origin origin
) {
    const Result<Shared> read = read_job(std::move(body));
    if (!read) return then(std::unexpected(read.error()));
    const Shared& record = *read;
    record->submitted = submitted;
    record->tenant = std::move(tenant);
    record->origin = std::move(origin);
    record->id = random_job_id(submitted);
    record->queued = Clock::now();
    record->expires = record->queued + record->submission.time_to_live;
    std::optional<PaddedText> text = record->body;  // whatever becomes of the job meanwhile
    {
        const MutexLock lock(mutex_);
        records_.emplace(record->id, record);
        ++counts_.in_queue;
        record->life_end = deadlines_.at(record->expires, [this, record] { expire(record); });
    }
    if (const Result<void> started = start(record); !started) {
        forget(record, 0);
        return then(std::unexpected(started.error()));
    }
    options_.ledger ? enter(record, std::move(text), then) : then(record->id);
}

// A new attempt. Whoever cancels the job meanwhile takes only the record's body.
Result<void> JobStore::start(const Shared& record) {
    int attempt = 0;
    std::optional<PaddedText> body;
    {
        const MutexLock lock(mutex_);
        record->stop = {};
        attempt = ++record->attempt;
        body = record->body;
        if (record->entered) note(record, {});
    }
    if (!body) return {};
    Result<void> accepted = hand_in(record, attempt, *body);
    const bool is_known = attempt > 1 || record->recovered;  // its client knows the job already
    if (!accepted && is_known)
        settle(record, attempt, JobState::failed, {}, failure_text(accepted.error(), options_.worker));
    return accepted;
}

Result<void> JobStore::hand_in(const Shared& record, int attempt, const PaddedText& body) {
    const auto read = [&]() -> Result<Request> {
        return TRY(at_wall(ErrorCode::out_of_memory, [&] {
            return read_any_job(body, options_.limits, {.id_length = IdLength::any}, {record->id}).request;
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
    job.bytes = body.view().size();
    job.was_accepted = record->recovered;
    job.tenant = record->tenant;
    return desk_.submit(std::move(job));
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
            [this, record, attempt](const Answer& answer, const Result<std::string>& output) {
                if (options_.ledger && was_cut_off(answer, output)) {
                    put_back(record, attempt);
                } else if (output) {
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

bool JobStore::belongs(const std::string& id, const std::string& tenant) const {
    const MutexLock lock(mutex_);
    const Shared record = find(id);
    return record && record->tenant == tenant;
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

// A job that an earlier process left is begun on the disk first: if it ends this process, too, that must
// count.
void JobStore::begun(const Shared& record, int attempt) {
    auto written = std::make_shared<std::promise<void>>();
    const std::future<void> is_written = written->get_future();
    {
        const MutexLock lock(mutex_);
        if (record->attempt != attempt || record->state != JobState::in_queue) return;
        record->state = JobState::in_progress;
        record->started = Clock::now();
        --counts_.in_queue;
        ++counts_.in_progress;
        auto too_late = [this, record, attempt, stop = record->stop] {
            settle(
                record, attempt, JobState::timed_out, {},
                "job timed out: it took longer than executionTimeout"
            );
            std::stop_source(stop).request_stop();
        };
        record->execution_end = deadlines_.after(record->submission.execution_time_max, std::move(too_late));
        if (record->entered) note(record, [written = std::move(written)] { written->set_value(); });
        if (!record->recovered) return;
    }
    is_written.wait();
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

JobCounts JobStore::counts() const {
    const MutexLock lock(mutex_);
    return counts_;
}

}  // namespace vignette
