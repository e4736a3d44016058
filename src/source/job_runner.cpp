#include "source/job_runner.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/log.h"
#include "core/stopwatch.h"
#include "core/texts.h"
#include "wire/result_json.h"

namespace vignette {

// A job under way. Shared by the tasks of its pictures: whichever ends last settles it.
struct JobRunner::Running {
    Running(JobId job_id, Request asked)
        : id(std::move(job_id)),
          request(std::move(asked)),
          outcomes(request.items.size()),
          left(outcomes.size()) {}

    const JobId id;
    Request request;  // each item's task takes its own job out
    std::stop_source stop;
    std::vector<Result<Caption>> outcomes;  // each written by its own task
    std::atomic<std::size_t> left;
    const Stopwatch watch;
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
        return log_warning("handed out twice; the first is answered", taken.id->value);
    }
    fail_job(*taken.id, taken.request.error(), Streamed::no);
}

void JobRunner::start(const JobId& id, Request request) {
    const auto job = std::make_shared<Running>(id, std::move(request));
    const std::size_t pictures = job->outcomes.size();
    if (!book_.open(id, static_cast<int>(pictures), job->stop)) {
        return log_warning("handed out twice; the first is answered", id.value);
    }
    log_debug("job_taken pictures=" + std::to_string(pictures), id.value);
    {
        const std::lock_guard lock(mutex_);
        for (std::size_t i = 0; i < pictures; ++i) line_.add(id, {.job = job, .index = i});
    }
    for (std::size_t i = 0; i < pictures; ++i) crew_.add([this] { run_next(); });
}

void JobRunner::run_next() {
    const Picture next = [&] {
        const std::lock_guard lock(mutex_);
        return line_.take();
    }();
    run_item(next.job, next.index);
}

void JobRunner::run_item(const std::shared_ptr<Running>& job, std::size_t index) {
    Result<Caption>& outcome = job->outcomes[index];
    outcome = caption(*job, index);
    if (job->request.stream) {
        outbox_.post_event(
            job->id,
            {.index = index, .id = job->request.items[index].id, .what = Finished{format_result(outcome)}}
        );
    }
    const std::size_t left = --job->left;
    if (left == 0) return settle(*job);
    book_.picture_done(job->id);
    if (job->request.shape != AnswerShape::single)
        outbox_.post_progress(job->id, job->outcomes.size() - left, job->outcomes.size());
}

Result<Caption> JobRunner::caption(Running& job, std::size_t index) {
    Item& item = job.request.items[index];
    if (!item.job) return std::unexpected(item.job.error());
    OnPiece on_piece;
    if (job.request.stream) {
        on_piece = [&](std::string_view piece) {
            outbox_.post_event(job.id, {.index = index, .id = item.id, .what = Piece{std::string(piece)}});
        };
    }
    Result<Caption> outcome = TRY(at_wall(ErrorCode::out_of_memory, [&] {
        return captioner_.caption(*std::move(item.job), job.stop.get_token(), on_piece);
    }));
    if (!outcome && outcome.error().code == ErrorCode::cancelled && shutting_down_) {
        return fail(
            ErrorCode::shutting_down,
            "the worker had to stop before this job was done; send it again and another worker takes it"
        );
    }
    return outcome;
}

void JobRunner::settle(Running& job) {
    note_health(job);
    const Request& request = job.request;
    const Streamed streamed = request.stream ? Streamed::yes : Streamed::no;
    if (request.shape == AnswerShape::single && !job.outcomes.front())
        return fail_job(job.id, job.outcomes.front().error(), streamed);
    const auto failed = std::ranges::count_if(job.outcomes, [](const auto& outcome) { return !outcome; });
    log_info(
        "job_done ms=" + std::to_string(job.watch.total().count() / 1000) +
            " pictures=" + std::to_string(job.outcomes.size()) + " failed=" + std::to_string(failed),
        job.id.value
    );
    const StopPod stop_pod = dead_ ? StopPod::yes : options_.stop_pod;
    outbox_.post_result(job.id, streamed, format_done(format_answer(answer(job)), stop_pod));
}

Answer JobRunner::answer(Running& job) {
    Answer whole{.shape = job.request.shape, .took = job.watch.total()};
    for (std::size_t i = 0; i < job.outcomes.size(); ++i) {
        whole.items.push_back({.id = job.request.items[i].id, .outcome = std::move(job.outcomes[i])});
    }
    return whole;
}

void JobRunner::fail_job(const JobId& id, const Error& error, Streamed streamed) {
    log_debug(error.message, id.value);
    const std::string field = error.field.empty() ? "" : " field=" + error.field;
    log_warning("job_failed code=" + std::string(to_text(error.code)) + field, id.value);
    const StopPod stop_pod = dead_ ? StopPod::yes : options_.stop_pod;
    outbox_.post_result(id, streamed, format_failed(error, identity(platform_), stop_pod));
}

// One job may be too much for a model. Three in a row of which nothing came, and it is the model that is
// broken: a worker that lives on would only fail jobs, and bill for it.
void JobRunner::note_health(const Running& job) {
    constexpr int failures_max = 3;
    const bool nothing_came = std::ranges::all_of(job.outcomes, [](const Result<Caption>& outcome) {
        return !outcome && outcome.error().code == ErrorCode::model_failed;
    });
    if (std::ranges::any_of(job.outcomes, &Result<Caption>::has_value)) failures_in_a_row_ = 0;
    if (nothing_came && ++failures_in_a_row_ >= failures_max && !dead_.exchange(true)) on_dead_();
}

}  // namespace vignette
