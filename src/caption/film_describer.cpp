#include "caption/film_describer.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <deque>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "core/stop.h"
#include "core/stopwatch.h"
#include "film/frame_choice.h"
#include "film/source.h"

namespace vignette {
namespace {

constexpr std::int64_t frames_default = 1'000;
constexpr std::size_t waiting_max = 64;  // duplicates that wait for a frame in progress

using Outcome = std::shared_future<Result<Caption>>;

Outcome known(Result<Caption> result) {
    std::promise<Result<Caption>> promise;
    promise.set_value(std::move(result));
    return promise.get_future().share();
}

// A place in the answer that was not passed on yet.
struct Place {
    double timestamp = 0;
    std::optional<std::size_t> same_as;
    Outcome outcome;
    std::size_t held = 0;  // bytes of its frame, on which the model may still be working
};

// The last frame that was described: others may look like it.
struct Described {
    std::size_t index = 0;
    Thumbnail looks;
    Outcome outcome;
};

class Describer {
public:
    Describer(
        Film film, const FilmMeans& means, const AnswerFrame& answer, std::stop_token stop,
        const OnFrame& on_frame
    )
        : means_(means),
          answer_(answer),
          stop_(std::move(stop)),
          on_frame_(on_frame),
          film_(std::move(film)),
          job_(film_.frame_job),
          at_once_(static_cast<std::size_t>(std::max(1, means.frames_at_once))),
          crew_(static_cast<int>(at_once_)) {
        job_.is_frame = true;
        info_.warnings = std::exchange(job_.warnings, {});  // given once, not with each frame
    }

    Result<FilmInfo> run() {
        const std::string& field = film_.source.field;
        const ReadFilm film = TRY(about(field, means_.reader.read_film(film_, stop_)));
        FilmSource& file = *film.frames;
        take_facts(file.facts());
        const MediaGate::Pass held = TRY(means_.reader.hold_frames(bytes_max_, job_.id, stop_));
        FrameChoice choice(film_.options, frames_max());
        TRY(about(field, walk(file, choice)));
        if (choice.cut()) {
            info_.warnings.push_back(
                {.field = "input.max_frames",
                 .message = "more frames were asked for than the " + std::to_string(next_) +
                            " that are described; ask for more (at most " +
                            std::to_string(means_.limits.frames_max) + "), or for fewer a second"}
            );
        }
        warn_of_damage(file, field, info_);
        return std::move(info_);
    }

private:
    // Describes whatever could be decoded, even if the film then ends early.
    Result<void> walk(FilmSource& file, FrameChoice& choice) {
        const Result<void> read = read_frames(file, choice);
        TRY(unless_stopped(stop_));
        if (read) fail_beyond_end(choice);
        while (!waiting_.empty()) pass_on_first();
        TRY(unless_stopped(stop_));
        return read;
    }

    Result<void> read_frames(FilmSource& file, FrameChoice& choice) {
        while (!choice.done()) {
            const std::optional<Shown> shown = TRY(file.next());
            if (!shown) return {};
            end_ = shown->until;
            std::optional<Thumbnail> looks;
            if (choice.needs_thumbnails()) looks = TRY(file.thumbnail());
            for (std::size_t left = choice.places(*shown, looks); left > 0; --left)
                submit(file, *shown, looks);
            if (const auto wanted = choice.next()) file.skip_to(*wanted);
            while (!waiting_.empty() && is_ready(waiting_.front())) pass_on_first();
        }
        return {};
    }

    // Fills one place in the answer: describes the frame, or repeats the last one if it looks the same.
    void submit(FilmSource& file, const Shown& shown, std::optional<Thumbnail>& looks) {
        const std::size_t index = next_++;
        if (!looks) {
            Result<Thumbnail> small = file.thumbnail();
            if (!small) return add(failed(shown.from, small.error()));
            looks = *small;
        }
        if (last_ && !film_.options.keep_duplicates && looks_like(last_->looks, *looks))
            return add({.timestamp = shown.from, .same_as = last_->index, .outcome = last_->outcome});
        while (in_progress_ >= at_once_ || (held_ > 0 && held_ + frame_bytes_ > bytes_max_)) pass_on_first();
        Stopwatch watch;
        Result<Image> image = file.picture();
        if (!image) return add(failed(shown.from, image.error()));
        frame_bytes_ = image->rgb.size();
        const Outcome outcome = start(*std::move(image), watch.lap());
        last_ = Described{index, *looks, outcome};
        ++in_progress_;
        held_ += frame_bytes_;
        add({.timestamp = shown.from, .same_as = {}, .outcome = outcome, .held = frame_bytes_});
    }

    static Place failed(double timestamp, Error error) {
        return {.timestamp = timestamp, .same_as = {}, .outcome = known(std::unexpected(std::move(error)))};
    }

    Outcome start(Image image, Timings::Duration decoding) {
        DecodedImage frame{std::move(image), {}};
        frame.info.size = frame.image.size;
        const auto held = std::make_shared<DecodedImage>(std::move(frame));
        const auto work = [this, decoding, held]() -> Result<Caption> {
            Caption made = TRY(answer_(job_, std::move(*held), stop_));
            made.timings.decode = decoding;
            return made;
        };
        return start_on(crew_, work).share();
    }

    void fail_beyond_end(const FrameChoice& choice) {
        for (const double time : choice.beyond_end()) {
            const std::size_t index = next_++;
            Error error{
                .code = ErrorCode::invalid_input,
                .message = "the film ends at " + seconds_text(end_) + " s; ask for an earlier time",
                .field = "input.timestamps[" + std::to_string(index) + "]"
            };
            add(failed(time, std::move(error)));
        }
    }

    void add(Place place) {
        waiting_.push_back(std::move(place));
        while (waiting_.size() > waiting_max) pass_on_first();
    }

    static bool is_ready(const Place& place) {
        return place.outcome.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    }

    void pass_on_first() {
        Place place = std::move(waiting_.front());
        waiting_.pop_front();
        FilmFrame frame{
            .index = passed_on_,
            .timestamp = place.timestamp,
            .same_as = place.same_as,
            .outcome = place.outcome.get()
        };
        if (place.held > 0) --in_progress_;
        held_ -= place.held;
        ++passed_on_;
        if (!stop_.stop_requested()) on_frame_(std::move(frame));
    }

    void take_facts(const FilmFacts& facts) {
        add_facts(facts, info_);
        frame_bytes_ = static_cast<std::size_t>(facts.size.pixels()) * 3;
        at_once_ = std::clamp<std::size_t>(frame_bytes_max / frame_bytes_, 1, at_once_);
        bytes_max_ = at_once_ * frame_bytes_;
    }

    std::size_t frames_max() {
        const auto most = static_cast<std::int64_t>(means_.limits.frames_max);
        const std::int64_t wanted = film_.options.max_frames.value_or(frames_default);
        if (wanted > most) {
            info_.warnings.push_back(
                {.field = "input.max_frames", .message = "at most " + std::to_string(most) + " are described"}
            );
        }
        return static_cast<std::size_t>(std::clamp(wanted, std::int64_t{1}, most));
    }

    const FilmMeans means_;
    const AnswerFrame& answer_;
    const std::stop_token stop_;
    const OnFrame& on_frame_;
    Film film_;
    Job job_;  // how each frame is described
    FilmInfo info_;
    double end_ = 0;             // of what has been decoded so far
    std::size_t next_ = 0;       // index of the next place
    std::size_t passed_on_ = 0;  // index of the next place to pass on
    std::deque<Place> waiting_;
    std::optional<Described> last_;
    std::size_t at_once_;
    std::size_t in_progress_ = 0;
    std::size_t held_ = 0;         // bytes of the frames in progress
    std::size_t bytes_max_ = 0;    // of those; a larger frame than the film announced is alone
    std::size_t frame_bytes_ = 0;  // of the last one
    ThreadPool crew_;              // last member: its threads use all of the above
};

}  // namespace

std::future<Result<Caption>> start_on(ThreadPool& crew, std::function<Result<Caption>()> work) {
    const auto task = std::make_shared<std::packaged_task<Result<Caption>()>>(
        [work = std::move(work)]() -> Result<Caption> { return TRY(at_wall(ErrorCode::out_of_memory, work)); }
    );
    std::future<Result<Caption>> outcome = task->get_future();
    crew.add([task] { (*task)(); });
    return outcome;
}

std::string seconds_text(double seconds) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.3f", seconds);
    return text.data();
}

void add_facts(const FilmFacts& facts, FilmInfo& info) {
    info.duration = facts.duration;
    info.fps = facts.fps;
    info.size = facts.size;
    info.container = facts.container;
    info.codec = facts.codec;
}

void warn_of_damage(const FilmSource& file, const std::string& field, FilmInfo& info) {
    if (file.damaged() == 0) return;
    info.warnings.push_back(
        {.field = field,
         .message = std::to_string(file.damaged()) + " damaged pieces of the film were skipped"}
    );
}

Result<FilmInfo> describe_film(
    Film film, const FilmMeans& means, const AnswerFrame& answer, const std::stop_token& stop,
    const OnFrame& on_frame
) {
    TRY(unless_stopped(stop));
    return Describer(std::move(film), means, answer, stop, on_frame).run();
}

}  // namespace vignette
