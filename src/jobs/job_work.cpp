#include "jobs/job_work.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "core/enum_text.h"
#include "core/log.h"

namespace vignette {
namespace {

bool has_address(const Item& item) {
    return item.job && std::ranges::any_of(item.job->pictures, [](const PictureSource& picture) {
               return std::holds_alternative<RemotePicture>(picture.source);
           });
}

// A film waits for memory, too, which others have that wait for a thread: so it must not hold one.
bool is_fetched(const Request& request) {
    return request.film || std::ranges::any_of(request.items, has_address);
}

// 0: known only at a film's end.
std::size_t answers_of(const Request& request) {
    if (!request.film) return request.items.size();
    return is_whole(request.film->options) ? 1 : request.film->options.timestamps.size();
}

}  // namespace

JobWork::JobWork(Request request, JobHooks hooks)
    : request_(std::move(request)),
      hooks_(std::move(hooks)),
      streams_(request_.stream && hooks_.on_event),
      count_(answers_of(request_)),
      fetches_(is_fetched(request_)),
      fetch_times_(tasks()),
      tasks_left_(tasks()) {
    answer_.shape = request_.shape;
    answer_.items.resize(request_.items.size());
}

std::size_t JobWork::pictures(int threads) const {
    if (request_.film) return static_cast<std::size_t>(std::min(threads, film_frames_at_once_max));
    return fetches_ ? std::min(fetches_at_once_max, tasks()) : tasks();
}

void JobWork::fetch(std::size_t task, Captioner* captioner, const std::stop_token& stop) {
    const Stopwatch watch;
    const auto bring = [&](auto& wanted) -> Result<void> {
        return TRY(at_wall(ErrorCode::out_of_memory, [&] { return captioner->fetch(wanted, stop); }));
    };
    if (request_.film) {
        film_fetched_ = bring(*request_.film);
    } else if (Item& item = request_.items[task]; has_address(item)) {
        if (Result<void> brought = bring(*item.job); !brought)
            item.job = std::unexpected(std::move(brought).error());
    }
    fetch_times_[task] = watch.total();
}

bool JobWork::run(std::size_t task, Captioner* captioner, const std::stop_token& stop) {
    if (request_.film) {
        describe(*std::move(request_.film), captioner, stop);
    } else {
        caption(task, captioner, stop);
    }
    return --tasks_left_ == 0;
}

void JobWork::caption(std::size_t index, Captioner* captioner, const std::stop_token& stop) {
    Item& item = request_.items[index];
    const OnPiece on_piece = piece_sender(index, item.id);
    const auto began = std::chrono::system_clock::now() - fetch_times_[index];
    const auto outcome = [&]() -> Result<Caption> {
        Job job = TRY(std::move(item.job));
        return TRY(at_wall(ErrorCode::out_of_memory, [&] {
            return captioner->caption(std::move(job), stop, on_piece);
        }));
    };
    AnsweredItem answered{.id = item.id, .outcome = outcome(), .same_as = {}};
    answered.began = began;
    answered.ended = std::chrono::system_clock::now();
    add(index, std::move(answered));
}

// Takes one thread for the whole film; the frames go to the model from threads of the captioner.
void JobWork::describe(Film film, Captioner* captioner, const std::stop_token& stop) {
    const bool whole = is_whole(film.options);
    const OnPiece on_piece = whole ? piece_sender(0, {}) : OnPiece();
    const auto info = [&]() -> Result<FilmInfo> {
        TRY(std::move(film_fetched_));
        return TRY(at_wall(ErrorCode::out_of_memory, [&] {
            const auto take = [&](FilmFrame frame) {
                const bool says = streams_ && request_.writer && !whole;
                if (says && frame.outcome && frame.outcome->text)
                    send(request_.writer->piece(*frame.outcome->text));
                const std::size_t index = frame.index;
                add(index, item_of(std::move(frame)));
            };
            return captioner->describe(std::move(film), stop, take, on_piece);
        }));
    };
    Result<FilmInfo> outcome = info();
    if (!outcome && hooks_.explain) outcome = std::unexpected(hooks_.explain(outcome.error()));
    if (!outcome && request_.writer)
        outcome = std::unexpected(request_.writer->renamed(std::move(outcome).error()));
    const MutexLock lock(mutex_);
    answer_.film = std::move(outcome);
}

// Empty: nobody listens.
OnPiece JobWork::piece_sender(std::size_t index, std::string id) {
    if (!streams_) return {};
    if (request_.writer) return [this](std::string_view piece) { send(request_.writer->piece(piece)); };
    return [this, index, id = std::move(id)](std::string_view piece) {
        hooks_.on_event({.index = index, .id = id, .what = Piece{std::string(piece)}});
    };
}

void JobWork::add(std::size_t index, AnsweredItem item) {
    if (!item.outcome && hooks_.explain)
        item.outcome = std::unexpected(hooks_.explain(std::move(item.outcome).error()));
    if (!item.outcome && request_.writer)
        item.outcome = std::unexpected(request_.writer->renamed(std::move(item.outcome).error()));
    if (streams_ && !request_.writer)
        hooks_.on_event({.index = index, .id = item.id, .what = Finished{format_item(item)}});
    const std::size_t done = [&] {
        const MutexLock lock(mutex_);
        if (index >= answer_.items.size()) answer_.items.resize(index + 1);
        answer_.items[index] = std::move(item);
        return ++done_;
    }();
    if (done != count_ && hooks_.on_progress) hooks_.on_progress(done, count_);
}

void JobWork::send(std::string text) {
    if (!text.empty()) hooks_.on_event({.index = 0, .id = {}, .what = Written{std::move(text)}});
}

// If a film turns out to be cut short or damaged, the frames described before that are its answer; a stopped
// film has none.
Result<std::string> JobWork::output() const {
    if (answer_.film && !*answer_.film) {
        const ErrorCode code = answer_.film->error().code;
        const bool stopped = code == ErrorCode::cancelled || code == ErrorCode::shutting_down;
        if (stopped || answer_.items.empty()) return std::unexpected(answer_.film->error());
    }
    if (answer_.shape == AnswerShape::single && !answer_.items.front().outcome)
        return std::unexpected(answer_.items.front().outcome.error());
    return request_.writer ? request_.writer->whole(answer_) : format_answer(answer_);
}

Result<std::string> JobWork::finish() {
    Result<std::string> written = write();
    if (written && streams_ && request_.writer) send(request_.writer->rest(answer()));
    return written;
}

Result<std::string> JobWork::write() {
    const MutexLock lock(mutex_);
    answer_.took = watch_.total();
    Result<std::string> written = output();
    if (!written) {
        log_job_failed(request_.id, written.error(), request_.origin.request_id);
        return written;
    }
    const LogSubject about{request_.id.value, request_.origin.request_id};
    std::size_t failed = 0;
    for (std::size_t i = 0; i < answer_.items.size(); ++i) {
        if (answer_.items[i].outcome) continue;
        ++failed;
        const Error& error = answer_.items[i].outcome.error();
        log_debug("answer " + std::to_string(i) + ": " + error.message, about);
    }
    const bool incomplete = answer_.film && !*answer_.film;
    log_info(
        "job_done ms=" + std::to_string(watch_.total().count() / 1000) +
            " answers=" + std::to_string(answer_.items.size()) + " failed=" + std::to_string(failed) +
            (incomplete ? " incomplete=" + std::string(to_text(answer_.film->error().code)) : ""),
        about
    );
    return written;
}

void log_job_failed(const JobId& id, const Error& error, std::string_view request_id) {
    const LogSubject about{id.value, request_id};
    log_debug(error.message, about);
    const std::string field = error.field.empty() ? "" : " field=" + error.field;
    log_warning("job_failed code=" + std::string(to_text(error.code)) + field, about);
}

}  // namespace vignette
