#include "runpod/job_runner.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/enum_text.h"
#include "core/log.h"
#include "core/stopwatch.h"
#include "wire/answer/result_json.h"

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
    const bool film = job->request.film.has_value();
    const std::size_t pictures =
        film ? static_cast<std::size_t>(std::min(options_.threads, film_frames_at_once_max))
             : job->outcomes.size();
    if (!book_.open(id, static_cast<int>(pictures), job->stop)) {
        return log_warning("handed out twice; the first is answered", id.value);
    }
    log_debug(
        (film ? "job_taken film, pictures=" : "job_taken pictures=") + std::to_string(pictures), id.value
    );
    if (film) return crew_.add([this, job] { run_film(*job); });
    {
        const std::lock_guard lock(mutex_);
        for (std::size_t i = 0; i < pictures; ++i) line_.add(id, {.job = job, .index = i});
    }
    for (std::size_t i = 0; i < pictures; ++i) crew_.add([this] { run_next(); });
}

void JobRunner::run_next() {
    const Picture next = [&] {
        const std::lock_guard lock(mutex_);
        return line_.pop();
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
    if (!outcome) return std::unexpected(told_why(std::move(outcome).error()));
    return outcome;
}

Error JobRunner::told_why(Error error) const {
    if (error.code != ErrorCode::cancelled || !shutting_down_) return error;
    return {
        .code = ErrorCode::shutting_down,
        .message =
            "the worker had to stop before this job was done; send it again and another worker takes it"
    };
}

// One thread of the crew for a whole film; the frames that are with the model at once are its share of the
// room.
void JobRunner::run_film(Running& job) {
    FilmAnswer answer;
    Result<FilmInfo> info = describe(job, answer);
    if (!info) info = std::unexpected(told_why(std::move(info).error()));
    settle_film(job, answer, info);
}

Result<FilmInfo> JobRunner::describe(Running& job, FilmAnswer& answer) {
    Film film = *std::exchange(job.request.film, std::nullopt);
    const std::size_t known_count = film.options.timestamps.size();
    const OnFrame on_frame = [&](FilmFrame frame) {
        if (job.request.stream) {
            outbox_.post_event(
                job.id, {.index = frame.index, .id = {}, .what = Finished{format_frame(frame)}}
            );
        }
        answer.add(std::move(frame));
        outbox_.post_progress(job.id, answer.timestamps.size(), known_count);
    };
    return TRY(at_wall(ErrorCode::out_of_memory, [&] {
        return captioner_.describe(std::move(film), job.stop.get_token(), on_frame);
    }));
}

// Frames that were described before a film turned out to be cut short or damaged stand; a job that was
// stopped has no answer.
void JobRunner::settle_film(Running& job, const FilmAnswer& answer, const Result<FilmInfo>& info) {
    const bool model_failed = std::ranges::any_of(answer.errors, [](const auto& failed) {
        return failed.second.code == ErrorCode::model_failed;
    });
    note_health(answer.described() > 0, model_failed && answer.described() == 0);
    const bool stopped =
        !info && (info.error().code == ErrorCode::cancelled || info.error().code == ErrorCode::shutting_down);
    if (!info && (stopped || answer.timestamps.empty()))
        return fail_job(job.id, info.error(), job.request.stream ? Streamed::yes : Streamed::no);
    log_info(
        "job_done ms=" + std::to_string(job.watch.total().count() / 1000) + " frames=" +
            std::to_string(answer.timestamps.size()) + " failed=" + std::to_string(answer.errors.size()),
        job.id.value
    );
    post_done(job, format_film(answer, info, job.watch.total()));
}

void JobRunner::post_done(const Running& job, const std::string& output) {
    const StopPod stop_pod = dead_ ? StopPod::yes : options_.stop_pod;
    const Streamed streamed = job.request.stream ? Streamed::yes : Streamed::no;
    outbox_.post_result(job.id, streamed, format_done(output, stop_pod));
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
    post_done(job, format_answer(answer(job)));
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
    const bool nothing_came = std::ranges::all_of(job.outcomes, [](const Result<Caption>& outcome) {
        return !outcome && outcome.error().code == ErrorCode::model_failed;
    });
    note_health(std::ranges::any_of(job.outcomes, &Result<Caption>::has_value), nothing_came);
}

void JobRunner::note_health(bool something_came, bool model_failed) {
    constexpr int failures_max = 3;
    if (something_came) failures_in_a_row_ = 0;
    if (model_failed && ++failures_in_a_row_ >= failures_max && !dead_.exchange(true)) on_dead_();
}

}  // namespace vignette
