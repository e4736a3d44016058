#include "caption/window_describer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <future>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "caption/film_collector.h"
#include "caption/presets.h"
#include "caption/wording/summary_prompt.h"
#include "core/stop.h"
#include "core/stopwatch.h"
#include "film/frame_choice.h"
#include "film/source.h"

namespace vignette {
namespace {

constexpr int windows_at_once_max = 4;
constexpr std::size_t overview_max = 8;           // frames that stand for the whole film
constexpr int overview_tokens = 512;              // in all, which leaves room for words
constexpr std::size_t summary_bytes_max = 6'000;  // of the prompt; halved while the model has no room for it
constexpr std::size_t summary_bytes_least = 700;

// Keeps a few frames of one size, spread over all that are added, however many those turn out to be. Two at
// least, and no more than would exceed `bytes_max`.
class Overview {
public:
    void add(const Image& image, double time, std::size_t bytes_max) {
        if (shown_++ % every_ != 0) return;
        if (!frames_.images.empty() && image.size != frames_.images.front().size) return;
        const std::size_t most = std::clamp<std::size_t>(bytes_max / image.rgb.size(), 2, overview_max);
        if (frames_.images.size() == most) {
            keep_every_other();
            every_ *= 2;
            if ((shown_ - 1) % every_ != 0) return;
        }
        frames_.images.push_back(image);
        frames_.times.push_back(time);
    }

    FrameSeries frames() const { return {.images = frames_.images, .times = frames_.times}; }

private:
    void keep_every_other() {
        FrameSeries kept;
        for (std::size_t i = 0; i < frames_.images.size(); i += 2) {
            kept.images.push_back(std::move(frames_.images[i]));
            kept.times.push_back(frames_.times[i]);
        }
        frames_ = std::move(kept);
    }

    FrameSeries frames_;
    std::size_t shown_ = 0;
    std::size_t every_ = 1;
};

// The question about the whole film: the client's own, or in the words of its preset.
std::string question_of(const CaptionOptions& options) {
    if (options.prompt) return *options.prompt;
    const Preset form = options.schema ? Preset::json : options.preset.value_or(Preset::one_sentence);
    return std::string(plan_of(form).of_film);
}

class WindowDescriber {
public:
    WindowDescriber(
        Film film, const FilmMeans& means, const AnswerFrames& answer, std::stop_token stop,
        const OnFrame& on_frame
    )
        : means_(means),
          answer_(answer),
          stop_(std::move(stop)),
          on_frame_(on_frame),
          film_(std::move(film)),
          job_(film_.frame_job),
          length_(film_.options.window.value()),
          at_once_(static_cast<std::size_t>(std::clamp(means.frames_at_once, 1, windows_at_once_max))),
          crew_(static_cast<int>(at_once_)) {
        info_.warnings = std::exchange(job_.warnings, {});  // given once, not with each window
    }

    Result<FilmInfo> run() {
        const std::string& field = film_.source.field;
        const ReadFilm film = TRY(about(field, means_.reader.read_film(film_, stop_)));
        FilmSource& file = *film.frames;
        add_facts(file.facts(), info_);
        settle();
        const MediaGate::Pass held = TRY(means_.reader.hold_frames(bytes_max(), job_.id, stop_));
        FrameChoice choice(film_.options, std::numeric_limits<std::size_t>::max());
        TRY(about(field, walk(file, choice)));
        if (is_cut_) {
            warn(
                "input.window", "the film has more than the " + std::to_string(means_.limits.frames_max) +
                                    " windows that are described; ask for longer ones"
            );
        }
        warn_of_damage(file, field, info_);
        TRY(sum_up());
        return std::move(info_);
    }

private:
    struct Place {  // in the answer, not passed on yet
        double timestamp = 0;
        std::future<Result<Caption>> outcome;
    };

    void warn(std::string field, std::string message) {
        info_.warnings.push_back({.field = std::move(field), .message = std::move(message)});
    }

    // Limits the frames of a window so that all windows held at once fit into what a film may hold.
    void settle() {
        const std::int64_t wanted = film_.options.max_frames.value_or(means_.frames_together);
        frame_bytes_ = std::max<std::size_t>(static_cast<std::size_t>(info_.size.pixels()) * 3, 1);
        const auto room = static_cast<std::int64_t>(frame_bytes_max / 2 / frame_bytes_);
        const std::int64_t most = std::clamp<std::int64_t>(room, 1, frames_together_max);
        if (film_.options.max_frames && wanted > most) {
            warn(
                "input.max_frames",
                "at most " + std::to_string(most) + " frames of a window are looked at together"
            );
        }
        frames_max_ = static_cast<std::size_t>(std::clamp<std::int64_t>(wanted, 1, most));
        const std::size_t windows = frame_bytes_max / (frames_max_ * frame_bytes_);
        at_once_ = std::clamp<std::size_t>(windows - 1, 1, at_once_);  // and one that is being decoded
        const double fps = film_.options.fps.value_or(fps_together_default);
        const double seconds = info_.duration > 0 ? std::min(length_, info_.duration) : length_;
        film_.options.fps = std::min(fps, static_cast<double>(frames_max_) / seconds);
        if (film_.options.fps < fps && asked_fps_) {
            warn(
                "input.fps", "at that rate a window has more than the " + std::to_string(frames_max_) +
                                 " frames that are looked at together; they were spread over it"
            );
        }
    }

    // Of the windows in progress, of the one that is being decoded, and for the summary.
    std::size_t bytes_max() const { return ((at_once_ + 1) * frames_max_ + overview_max) * frame_bytes_; }

    // Describes whatever could be decoded, even if the film then ends early.
    Result<void> walk(FilmSource& file, FrameChoice& choice) {
        const Result<void> read = read_frames(file, choice);
        TRY(unless_stopped(stop_));
        close();
        while (!waiting_.empty()) pass_on_first();
        TRY(unless_stopped(stop_));
        return read;
    }

    Result<void> read_frames(FilmSource& file, FrameChoice& choice) {
        while (!choice.done() && !is_cut_) {
            TRY(unless_stopped(stop_));
            const std::optional<Shown> shown = TRY(file.next());
            if (!shown) return {};
            if (choice.places(*shown, {}) > 0) TRY(take(file, shown->from));
            if (const auto wanted = choice.next()) file.skip_to(*wanted);
            while (!waiting_.empty() && is_ready(waiting_.front())) pass_on_first();
        }
        return {};
    }

    // A window ends when its time is up, or when the frames change their size.
    Result<void> take(FilmSource& file, double time) {
        if (!begin_) begin_ = time;
        const auto number = static_cast<std::int64_t>(std::floor((time - *begin_) / length_));
        Stopwatch watch;
        Image image = TRY(file.picture());
        const bool is_next =
            number != number_ || (!open_.images.empty() && image.size != open_.images[0].size);
        if (is_next) close();
        number_ = number;
        is_cut_ = closed_ == means_.limits.frames_max;
        if (is_cut_ || is_full(image)) return {};
        open_.images.push_back(std::move(image));
        open_.times.push_back(time);
        open_.decoding += watch.lap();
        return {};
    }

    // Larger frames than the film announced fill a window sooner.
    bool is_full(const Image& next) const {
        const std::size_t frames = open_.images.size();
        const bool is_too_much = (frames + 1) * next.rgb.size() > frames_max_ * frame_bytes_;
        return frames == frames_max_ || (frames > 0 && is_too_much);
    }

    // The open window is complete: the model may look at it.
    void close() {
        if (open_.images.empty()) return;
        while (waiting_.size() >= at_once_) pass_on_first();
        overview_.add(open_.images.front(), open_.times.front(), overview_max * frame_bytes_);
        const double begins = open_.times.front();
        waiting_.push_back({.timestamp = begins, .outcome = start(std::exchange(open_, {}))});
        ++closed_;
    }

    std::future<Result<Caption>> start(FrameSeries window) {
        const auto held = std::make_shared<FrameSeries>(std::move(window));
        return start_on(crew_, [this, held] { return answer_(job_, std::move(*held), stop_); });
    }

    static bool is_ready(const Place& place) {
        return place.outcome.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    }

    void pass_on_first() {
        Place place = std::move(waiting_.front());
        waiting_.pop_front();
        FilmFrame window{
            .index = passed_on_++, .timestamp = place.timestamp, .same_as = {}, .outcome = place.outcome.get()
        };
        if (window.outcome && window.outcome->text)
            told_.push_back({.from = place.timestamp, .text = *window.outcome->text});
        if (!stop_.stop_requested()) on_frame_(std::move(window));
    }

    // A single window is its own summary. If there can be none, the answers remain and a warning says why.
    Result<void> sum_up() {
        if (told_.size() < 2) return {};
        Result<Caption> made = ask_about_all(summary_bytes_max);
        for (std::size_t bytes = summary_bytes_max / 2; !made && bytes >= summary_bytes_least; bytes /= 2) {
            if (made.error().code != ErrorCode::prompt_too_long) break;
            made = ask_about_all(bytes);
        }
        TRY(unless_stopped(stop_));
        if (made) {
            info_.summary = *std::move(made);
        } else {
            warn("input.window", "there is no summary: " + made.error().message);
        }
        return {};
    }

    Result<Caption> ask_about_all(std::size_t bytes) {
        Job job = job_;
        CaptionOptions& options = job.options;
        options.prompt =
            summary_prompt(told_, question_of(options), std::min(bytes, means_.limits.prompt_bytes_max));
        options.picture_tokens =
            std::min<std::int64_t>(options.picture_tokens.value_or(overview_tokens), overview_tokens);
        options.fewer_tokens_will_do = true;
        options.n = {};
        return TRY(at_wall(ErrorCode::out_of_memory, [&] {
            return answer_(std::move(job), overview_.frames(), stop_);
        }));
    }

    const FilmMeans means_;
    const AnswerFrames& answer_;
    const std::stop_token stop_;
    const OnFrame& on_frame_;
    Film film_;
    Job job_;  // how each window is described
    const double length_;
    const bool asked_fps_ = film_.options.fps.has_value();
    FilmInfo info_;
    std::size_t frames_max_ = 1;   // of a window
    std::size_t frame_bytes_ = 1;  // of the size that the film announces
    std::optional<double> begin_;
    std::int64_t number_ = 0;  // of the open window, counted by time
    FrameSeries open_;
    std::size_t closed_ = 0;
    bool is_cut_ = false;  // there are as many windows as a film may have, and it goes on
    std::size_t passed_on_ = 0;
    std::deque<Place> waiting_;
    Overview overview_;
    std::vector<ToldPart> told_;
    std::size_t at_once_;
    ThreadPool crew_;  // last member: its threads use all of the above
};

}  // namespace

Result<FilmInfo> describe_windows(
    Film film, const FilmMeans& means, const AnswerFrames& answer, const std::stop_token& stop,
    const OnFrame& on_frame
) {
    TRY(unless_stopped(stop));
    return WindowDescriber(std::move(film), means, answer, stop, on_frame).run();
}

}  // namespace vignette
