#include "runpod/job_runner.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/enum_text.h"
#include "core/log.h"
#include "core/stop.h"
#include "jobs/job_work.h"
#include "trace/job_spans.h"

namespace vignette {
namespace {

// An answer that lacks something because the job was stopped here, or the GPU lost, is worth less than
// another worker's.
Keep worth_keeping(const Answer& answer) {
    const bool lacking = std::ranges::any_of(
        std::array{ErrorCode::cancelled, ErrorCode::shutting_down, ErrorCode::device_lost},
        [&](ErrorCode code) { return answer.any_failed_with(code); }
    );
    return lacking ? Keep::no : Keep::yes;
}

}  // namespace

// A job in progress. Its tasks share it: whichever ends last settles it.
struct JobRunner::Running {
    Running(JobId job_id, Request request, JobHooks hooks)
        : id(std::move(job_id)), origin(request.origin), work(std::move(request), std::move(hooks)) {}

    const JobId id;
    const Origin origin;
    const std::chrono::system_clock::time_point began = std::chrono::system_clock::now();
    std::stop_source stop;
    JobWork work;
    std::atomic<std::size_t> next_fetch = JobWork::fetches_at_once_max;  // the first ones begin at the start
    std::atomic<std::size_t> tasks_left = work.tasks();
};

JobRunner::JobRunner(
    Captioner& captioner, Outbox& outbox, JobBook& book, const Platform& platform, Options options,
    std::function<void()> on_dead
)
    : captioner_(captioner),
      outbox_(outbox),
      book_(book),
      platform_(platform),
      options_(std::move(options)),
      on_dead_(std::move(on_dead)),
      suspects_(options_.suspects),
      fetchers_(fetching_threads),
      crew_(options_.threads) {}

void JobRunner::take_in(TakenJob taken) {
    if (!taken.id) {
        return log_error(
            "job_unanswerable: a job without an id was handed out" +
            (taken.request ? std::string() : ": " + std::string(to_text(taken.request.error().code)))
        );
    }
    if (taken.request) return start(*taken.id, *std::move(taken.request));
    if (!book_.open(*taken.id, 0, std::stop_source(std::nostopstate))) {
        return log_warning("handed out twice; only the first is answered", taken.id->value);
    }
    log_job_failed(*taken.id, taken.request.error());
    post(*taken.id, std::unexpected(taken.request.error()), Keep::yes);
}

std::filesystem::path JobRunner::mark(const JobId& id) {
    if (options_.folder == nullptr) return {};
    const Result<std::filesystem::path> mark = options_.folder->mark(id);
    if (!mark)
        log_warning("this job is not remembered if it kills the worker: " + mark.error().message, id.value);
    return mark.value_or(std::filesystem::path());
}

// True where the job is not to be run: it is answered.
bool JobRunner::answer_suspect(const JobId& id) {
    std::filesystem::path mark;
    {
        const MutexLock lock(mutex_);
        const auto suspect = suspects_.find(id);
        if (suspect == suspects_.end()) return false;
        mark = std::move(suspect->second);
        suspects_.erase(suspect);
    }
    if (!book_.open(id, 0, std::stop_source(std::nostopstate))) return true;
    const Error error{
        .code = ErrorCode::internal,
        .message =
            "a worker died while this job ran, perhaps because of it, so it is not run a second time; "
            "if its pictures are harmless, send it again as a new job"
    };
    log_job_failed(id, error);
    {
        const MutexLock lock(mutex_);
        taken_[id].mark = std::move(mark);
    }
    post(id, std::unexpected(error), Keep::yes);
    return true;
}

void JobRunner::hand_back() {
    const Error error = explain(cancelled());
    for (const JobId& id : book_.running()) {
        log_job_failed(id, error);
        post(id, std::unexpected(error), Keep::no);
    }
}

void JobRunner::start(const JobId& id, Request request) {
    if (answer_suspect(id)) return;
    const Streamed streamed = request.stream ? Streamed::yes : Streamed::no;
    const auto on_progress = [this, id](std::size_t done, std::size_t count) {
        outbox_.post_progress(id, done, count);
    };
    if (options_.tracer != nullptr) {
        request.origin.trace = options_.tracer->begin().context;
        request.origin.trace.span_id.clear();  // no request is above the job
    }
    JobHooks hooks{
        .on_event = [this, id](StreamEvent event) { outbox_.post_event(id, std::move(event)); },
        .on_progress = on_progress,
        .explain = [this](Error error) { return explain(std::move(error)); },
    };
    const auto job = std::make_shared<Running>(id, std::move(request), std::move(hooks));
    const std::size_t pictures = job->work.pictures(options_.threads);
    if (!book_.open(id, static_cast<int>(pictures), job->stop)) {
        return log_warning("handed out twice; only the first is answered", id.value);
    }
    log_debug("job_taken pictures=" + std::to_string(pictures), id.value);
    Taken taken{.streamed = streamed, .mark = mark(id)};
    {
        const MutexLock lock(mutex_);
        taken_[id] = std::move(taken);
    }
    if (!job->work.fetches()) {
        for (std::size_t i = 0; i < job->work.tasks(); ++i) add_task(job, i);
        return;
    }
    for (std::size_t i = 0; i < std::min(job->work.tasks(), JobWork::fetches_at_once_max); ++i) fetch(job, i);
}

void JobRunner::fetch(const std::shared_ptr<Running>& job, std::size_t index) {
    book_.fetching(job->id, 1);
    const bool added = fetchers_.add([this, job, index] {
        job->work.fetch(index, &captioner_, job->stop.get_token());
        book_.fetching(job->id, -1);
        add_task(job, index);
    });
    if (!added) add_task(job, index);  // at the end: it is then fetched where it is run
}

void JobRunner::add_task(const std::shared_ptr<Running>& job, std::size_t index) {
    {
        const MutexLock lock(mutex_);
        line_.add(job->id, {.job = job, .index = index});
    }
    if (!crew_.add([this] { run_next(); })) run_next();  // at the end
}

void JobRunner::run_next() {
    const Task next = [&] {
        const MutexLock lock(mutex_);
        return line_.pop();
    }();
    Running& job = *next.job;
    if (job.work.fetches()) {
        const std::size_t index = job.next_fetch++;
        if (index < job.work.tasks()) fetch(next.job, index);
    }
    if (!job.work.run(next.index, &captioner_, job.stop.get_token())) {
        if (--job.tasks_left < job.work.pictures(options_.threads)) book_.picture_done(job.id);
        return;
    }
    const Result<std::string> output = job.work.finish();
    if (health_.is_end(job.work.answer())) on_dead_();
    if (options_.tracer != nullptr) {
        options_.tracer->note(job_spans({
            .answer = job.work.answer(),
            .origin = job.origin,
            .id = job.id,
            .began = job.began,
            .succeeded = output.has_value(),
        }));
    }
    post(job.id, output, worth_keeping(job.work.answer()));
}

Error JobRunner::explain(Error error) const {
    if (error.code != ErrorCode::cancelled || !shutting_down_) return error;
    return {
        .code = ErrorCode::shutting_down,
        .message = "the worker had to stop before this job was done; send it again to another worker"
    };
}

void JobRunner::post(const JobId& id, const Result<std::string>& output, Keep keep) {
    const Taken taken = [&] {
        const MutexLock lock(mutex_);
        const auto found = taken_.extract(id);
        return found ? std::move(found.mapped()) : Taken{};
    }();
    const StopPod stop_pod = health_.is_dead() ? StopPod::yes : options_.stop_pod;
    outbox_.post_result(
        id, taken.streamed,
        output ? format_done(*output, stop_pod)
               : format_failed(output.error(), identity(platform_), stop_pod),
        {.stop_pod = stop_pod, .keep = keep}
    );
    if (!taken.mark.empty()) ResultFolder::forget(taken.mark);
}

}  // namespace vignette
