#include "app/files/film_files.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>
#include <utility>

#include "app/files/file_url.h"
#include "app/files/print_item.h"
#include "app/files/read_file.h"
#include "core/ascii.h"
#include "core/film_kind.h"
#include "core/log.h"
#include "wire/strings.h"

namespace vignette {
namespace {

// "film.mp4@12.5s"
std::string place_of(const std::string& name, double timestamp) {
    char text[32];
    std::snprintf(text, sizeof text, "@%.3f", timestamp);
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
        if (!shown_) return;
        const auto whole = static_cast<long>(frame.timestamp);
        std::fprintf(
            stderr, "\r%s: %zu frames, at %ld:%02ld:%02ld\033[K", name_.c_str(), frame.index + 1,
            whole / 3600, whole / 60 % 60, whole % 60
        );
    }

private:
    const std::string name_;
    const bool shown_;
};

// Its bytes are not here yet, so only its ending can say.
bool ends_like_film(std::string_view url) {
    constexpr std::array endings{".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".ogv"};
    const std::string path = ascii_lower(url.substr(0, url.find_first_of("?#")));
    return std::ranges::any_of(endings, [&](std::string_view ending) { return path.ends_with(ending); });
}

Result<PictureContent> source_of(const std::string& name, const Options& options) {
    if (is_web_url(name)) return RemotePicture{name};
    const std::filesystem::path file = TRY(find_named(name, options.allowed_files));
    return EncodedPicture{TRY(read_binary_file(file, Limits{}.film_bytes_max))};
}

Result<Film> film_of(const std::string& name, const Options& options) {
    Film film;
    film.source = {.field = name, .source = TRY(source_of(name, options))};
    film.options = options.frames;
    film.frame_job.id = {name};
    film.frame_job.options = options.caption;
    return film;
}

Result<FilmInfo> describe(
    Captioner& captioner, const std::string& name, const Options& options, bool& all_fine
) {
    Film film = TRY(film_of(name, options));
    FilmProgress progress(name);
    return captioner.describe(std::move(film), {}, [&](FilmFrame frame) {
        progress.advance(frame);
        all_fine = all_fine && frame.outcome.has_value();
        const std::string place = place_of(name, frame.timestamp);
        print_item(place, item_of(std::move(frame)), options);
    });
}

}  // namespace

bool is_film(const std::string& name, const Options& options) {
    constexpr std::size_t enough = 256;
    if (is_web_url(name)) return ends_like_film(name);
    if (name == "-") return false;
    const Result<std::filesystem::path> file = find_named(name, options.allowed_files);
    const Result<Bytes> head = file ? read_head(*file, enough) : std::unexpected(file.error());
    return head && film_kind(*head).has_value();
}

bool caption_film(Captioner& captioner, const std::string& name, const Options& options) {
    bool all_fine = true;
    const Result<FilmInfo> info = describe(captioner, name, options, all_fine);
    if (!info) {
        log_error(name + ": " + with_code(info.error()));
        return false;
    }
    print_warnings(name, info->warnings);
    return all_fine;
}

}  // namespace vignette
