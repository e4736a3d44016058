#include "caption/film_collector.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/stop.h"
#include "core/stopwatch.h"
#include "film/frame_choice.h"
#include "film/source.h"

namespace vignette {
namespace {

class Collector {
public:
    Collector(const Film& film, const FilmMeans& means)
        : options_(film.options), job_(film.frame_job.id), means_(means) {}

    Result<CollectedFilm> run(FilmSource& file, const std::string& field, const std::stop_token& stop) {
        add_facts(file.facts(), made_.info);
        settle_count();
        settle_rate();
        made_.seen.held = TRY(means_.reader.hold_frames(most_ * frame_bytes(), job_, stop));
        FrameChoice choice(options_, most_);
        Result<void> read = read_frames(file, choice, stop);
        TRY(unless_stopped(stop));
        if (read) {
            TRY(check_end(choice));
        } else if (made_.seen.images.empty()) {
            return std::unexpected(std::move(read).error());
        } else {
            made_.ended = std::move(read).error();
        }
        made_.seen.held.shrink(made_.seen.images.size() * made_.seen.images.front().rgb.size());
        warn_of_cut(choice);
        warn_of_damage(file, field, made_.info);
        return std::move(made_);
    }

private:
    void warn(std::string field, std::string message) {
        made_.info.warnings.push_back({.field = std::move(field), .message = std::move(message)});
    }

    // At most: some files announce a few lines less than their frames have.
    std::size_t frame_bytes() const {
        const auto padded = [](int side) { return static_cast<std::size_t>(side + 63) / 64 * 64; };
        return std::max<std::size_t>(padded(made_.info.size.width) * padded(made_.info.size.height) * 3, 1);
    }

    bool has_changed(const Image& frame) const {
        const std::vector<Image>& frames = made_.seen.images;
        return frame.rgb.size() > frame_bytes() || (!frames.empty() && frame.size != frames.front().size);
    }

    void settle_count() {
        const std::int64_t wanted = options_.max_frames.value_or(means_.frames_together);
        const auto room = static_cast<std::int64_t>(frame_bytes_max / frame_bytes());
        const std::int64_t most = std::clamp<std::int64_t>(room, 1, frames_together_max);
        if (options_.max_frames && wanted > most) {
            warn(
                "input.max_frames", "at most " + std::to_string(most) + " frames " +
                                        (most < frames_together_max ? "of this size " : "") +
                                        "are looked at together"
            );
        }
        most_ = static_cast<std::size_t>(std::clamp<std::int64_t>(wanted, 1, most));
    }

    // Where nothing else chooses the frames, they are spread over the whole film.
    void settle_rate() {
        if (!options_.timestamps.empty() || options_.keyframes) return;
        const double wanted = options_.fps.value_or(fps_together_default);
        const auto most = static_cast<double>(most_);
        options_.fps = wanted;
        if (made_.info.duration * wanted <= most) return;
        options_.fps = most / made_.info.duration;
        spread_ = true;
        if (!asked_fps_) return;
        warn(
            "input.fps", "at that rate the film has more than the " + std::to_string(most_) +
                             " frames that are looked at together; they were spread over all of it"
        );
    }

    Result<void> read_frames(FilmSource& file, FrameChoice& choice, const std::stop_token& stop) {
        while (!choice.done()) {
            TRY(unless_stopped(stop));
            const std::optional<Shown> shown = TRY(file.next());
            if (!shown) return {};
            end_ = shown->until;
            std::optional<Thumbnail> looks;
            if (choice.needs_thumbnails()) looks = TRY(file.thumbnail());
            if (choice.places(*shown, looks) > 0) TRY(take(file, *shown));
            if (const auto wanted = choice.next()) file.skip_to(*wanted);
        }
        return {};
    }

    Result<void> take(FilmSource& file, const Shown& shown) {
        Image image = TRY(file.picture());
        if (has_changed(image)) {
            return fail(
                ErrorCode::invalid_input,
                "the film's frames change their size at " + seconds_text(shown.from) +
                    " s, so they cannot be looked at together; ask for earlier ones with \"timestamps\""
            );
        }
        made_.seen.images.push_back(std::move(image));
        made_.seen.times.push_back(shown.from);
        return {};
    }

    Result<void> check_end(const FrameChoice& choice) {
        const std::size_t late = choice.beyond_end().size();
        if (made_.seen.images.empty()) {
            return fail(
                ErrorCode::invalid_input,
                "the film ends at " + seconds_text(end_) + " s; ask for earlier times", "input.timestamps"
            );
        }
        if (late > 0)
            warn(
                "input.timestamps", "the film ends at " + seconds_text(end_) + " s: " + std::to_string(late) +
                                        (late == 1 ? " time is" : " times are") + " after that"
            );
        return {};
    }

    void warn_of_cut(const FrameChoice& choice) {
        if (!choice.cut() || spread_) return;
        warn(
            "input.max_frames", "more frames were asked for than the first " + std::to_string(most_) +
                                    ", which were looked at; ask for more (at most " +
                                    std::to_string(frames_together_max) + "), or for fewer a second"
        );
    }

    FrameOptions options_;
    const JobId job_;
    const FilmMeans& means_;
    const bool asked_fps_ = options_.fps.has_value();
    std::size_t most_ = 1;
    bool spread_ = false;  // over the film, however long it is
    double end_ = 0;
    CollectedFilm made_;
};

}  // namespace

Result<CollectedFilm> collect_frames(Film& film, const FilmMeans& means, const std::stop_token& stop) {
    TRY(unless_stopped(stop));
    const std::string field = film.source.field;
    const ReadFilm read = TRY(about(field, means.reader.read_film(film, stop)));
    return about(field, Collector(film, means).run(*read.frames, field, stop));
}

Result<FilmInfo> describe_whole_film(
    Film film, const FilmMeans& means, const AnswerFrames& answer, const std::stop_token& stop,
    const OnFrame& on_frame
) {
    const Stopwatch watch;
    CollectedFilm read = TRY(collect_frames(film, means, stop));
    read.seen.decoding = watch.total();
    Result<Caption> made = answer(std::move(film.frame_job), std::move(read.seen), stop);
    TRY(unless_stopped(stop));
    on_frame({.index = 0, .timestamp = {}, .same_as = {}, .outcome = std::move(made)});
    if (read.ended) return std::unexpected(*std::move(read.ended));
    return std::move(read.info);
}

}  // namespace vignette
