#include "runpod/job_runner.h"

#include <algorithm>
#include <utility>

#include "core/enum_text.h"
#include "core/log.h"
#include "jobs/job_work.h"
#include "trace/job_spans.h"

namespace vignette {

// A job in progress. Its tasks share it: whichever ends last settles it.
struct JobRunner::Running {
    Running(JobId job_id, Request request, JobHooks hooks)
        : id(std::move(job_id)),
          origin(request.origin),
          streamed(request.stream ? Streamed::yes : Streamed::no),
          work(std::move(request), std::move(hooks)) {}

    const JobId id;
    const Origin origin;
    const std::chrono::system_clock::time_point began = std::chrono::system_clock::now();
    const Streamed streamed;
    std::stop_source stop;
    JobWork work;
};

JobRunner::JobRunner(
    Captioner& captioner, Outbox& outbox, JobBook& book, const Platform& platform, Options options,
    std::function<void()> on_dead
)
    : captioner_(captioner),
      outbox_(outbox),
      book_(book),
      platform_(platform),
      options_(options),
      on_dead_(std::move(on_dead)),
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
    post(*taken.id, Streamed::no, std::unexpected(taken.request.error()));
}

void JobRunner::start(const JobId& id, Request request) {
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
    const std::size_t tasks = job->work.tasks();
    {
        const MutexLock lock(mutex_);
        for (std::size_t i = 0; i < tasks; ++i) line_.add(id, {.job = job, .index = i});
    }
    for (std::size_t i = 0; i < tasks; ++i) crew_.add([this] { run_next(); });
}

void JobRunner::run_next() {
    const Task next = [&] {
        const MutexLock lock(mutex_);
        return line_.pop();
    }();
    Running& job = *next.job;
    if (!job.work.run(next.index, &captioner_, job.stop.get_token())) return book_.picture_done(job.id);
    const Result<std::string> output = job.work.finish();
    note_health(job.work.answer());
    if (options_.tracer != nullptr) {
        options_.tracer->note(job_spans({
            .answer = job.work.answer(),
            .origin = job.origin,
            .id = job.id,
            .began = job.began,
            .succeeded = output.has_value(),
        }));
    }
    post(job.id, job.streamed, output);
}

Error JobRunner::explain(Error error) const {
    if (error.code != ErrorCode::cancelled || !shutting_down_) return error;
    return {
        .code = ErrorCode::shutting_down,
        .message = "the worker had to stop before this job was done; send it again to another worker"
    };
}

void JobRunner::post(const JobId& id, Streamed streamed, const Result<std::string>& output) {
    const StopPod stop_pod = dead_ ? StopPod::yes : options_.stop_pod;
    outbox_.post_result(
        id, streamed,
        output ? format_done(*output, stop_pod) : format_failed(output.error(), identity(platform_), stop_pod)
    );
}

// One job may be too much for a model. If three in a row yield nothing, the model itself is broken: a worker
// that lives on would only fail jobs, and bill for it.
void JobRunner::note_health(const Answer& answer) {
    constexpr int failures_max = 3;
    const bool something_came =
        std::ranges::any_of(answer.items, [](const AnsweredItem& item) { return item.outcome.has_value(); });
    if (something_came) {
        failures_in_a_row_ = 0;
        return;
    }
    const bool model_failed = std::ranges::any_of(answer.items, [](const AnsweredItem& item) {
        return item.outcome.error().code == ErrorCode::model_failed;
    });
    if (model_failed && ++failures_in_a_row_ >= failures_max && !dead_.exchange(true)) on_dead_();
}

}  // namespace vignette
