#include "app/files/film_files.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>
#include <stop_token>
#include <string_view>
#include <utility>

#include "app/files/print_item.h"
#include "app/output.h"
#include "core/ascii.h"

namespace vignette {
namespace {

// "film.mp4@12.5s"; of the whole film, its name.
std::string place_of(const std::string& name, std::optional<double> timestamp) {
    if (!timestamp) return name;
    char text[32];
    std::snprintf(text, sizeof text, "@%.3f", *timestamp);
    std::string time = text;
    while (time.ends_with('0') && !time.ends_with(".0")) time.pop_back();
    return name + time + "s";
}

// Shows how far the film is, unless the captions already do. Its length is not known before its end.
class FilmProgress {
public:
    explicit FilmProgress(std::string name)
        : name_(std::move(name)), shown_(isatty(STDERR_FILENO) == 1 && isatty(STDOUT_FILENO) == 0) {}
    ~FilmProgress() {
        if (shown_) std::fputs("\r\033[K", stderr);
    }
    FilmProgress(const FilmProgress&) = delete;
    FilmProgress& operator=(const FilmProgress&) = delete;

    void advance(const FilmFrame& frame) {
        if (!shown_ || !frame.timestamp) return;
        const auto whole = static_cast<long>(*frame.timestamp);
        std::fprintf(
            stderr, "\r%s: %zu frames, at %ld:%02ld:%02ld\033[K", name_.c_str(), frame.index + 1,
            whole / 3600, whole / 60 % 60, whole % 60
        );
    }

private:
    const std::string name_;
    const bool shown_;
};

Film film_of(const Subject& subject, PictureContent content, const Options& options) {
    Film film;
    film.source = {.field = subject.name, .source = std::move(content)};
    film.options = options.frames;
    film.options.together = options.frames.together || options.frames.window;
    film.frame_job.id = {subject.name};
    film.frame_job.options = options.caption;
    return film;
}

Result<FilmInfo> describe(
    Captioner& captioner, const Subject& subject, Result<PictureContent> content, const Options& options,
    bool& all_fine
) {
    Film film = film_of(subject, TRY(std::move(content)), options);
    FilmProgress progress(subject.name);
    std::stop_source output_lost;
    const auto show = [&](FilmFrame frame) {
        progress.advance(frame);
        all_fine = all_fine && frame.outcome.has_value();
        const std::string place = place_of(subject.name, frame.timestamp);
        print_item(subject, place, item_of(std::move(frame)), options);
        if (!output_arrived()) output_lost.request_stop();
    };
    return captioner.describe(std::move(film), output_lost.get_token(), show, {});
}

}  // namespace

bool ends_like_film(std::string_view url) {
    constexpr std::array endings{".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".ogv"};
    const std::string path = ascii_lower(url.substr(0, url.find_first_of("?#")));
    return std::ranges::any_of(endings, [&](std::string_view ending) { return path.ends_with(ending); });
}

bool caption_film(
    Captioner& captioner, const Subject& subject, Result<PictureContent> content, const Options& options
) {
    bool all_fine = true;
    const Result<FilmInfo> info = describe(captioner, subject, std::move(content), options, all_fine);
    if (info) {
        if (info->summary) {
            const AnsweredItem whole{.id = {}, .outcome = *info->summary, .same_as = {}};
            print_item(subject, subject.name, whole, options);
        }
        print_warnings(subject.name, info->warnings);
        return all_fine;
    }
    if (output_arrived()) {
        print_item(subject, subject.name, {.id = {}, .outcome = std::unexpected(info.error())}, options);
    }
    return false;
}

}  // namespace vignette
