#include "wall/walled_film.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "wall/answers.h"

namespace vignette {
namespace {

// Reading a container takes little; a film may have an index of a million frames.
constexpr std::size_t container_memory_max = 256 * MiB;

}  // namespace

Result<DecoderAnswer> WalledFilm::ask(DecoderQuestion question) {
    question.limits = limits_;
    question.memory_max = std::max(memory_max_, container_memory_max);
    if (wanted_) {
        question.skip = true;
        question.wanted = *std::exchange(wanted_, std::nullopt);
    }
    DecoderAnswer answer = TRY(process_->ask(question, stop_));
    damaged_ = std::max(damaged_, answer.damaged);
    return answer;
}

Result<std::size_t> WalledFilm::memory_needed() {
    const DecoderAnswer answer = TRY(ask({.kind = DecoderQuestion::Kind::film_needs}));
    TRY(check_answer(answer));
    memory_max_ = std::min<std::size_t>(answer.memory_needed, limits_.media_bytes_max);
    return memory_max_;
}

Result<void> WalledFilm::open() {
    facts_ = TRY(film_facts(TRY(ask({.kind = DecoderQuestion::Kind::film_open})), limits_));
    return {};
}

Result<std::optional<Shown>> WalledFilm::next() {
    return shown_frame(TRY(ask({.kind = DecoderQuestion::Kind::film_next})));
}

Result<Image> WalledFilm::picture() {
    const auto pixels_max = static_cast<std::size_t>(facts_.size.pixels());
    TRY(process_->make_room(pixels_max * 3));
    const DecoderAnswer answer = TRY(ask({.kind = DecoderQuestion::Kind::film_picture}));
    const ImageInfo info = TRY(picture_info(answer, process_->room()));
    Image image{.size = info.size, .rgb = {}};
    image.rgb = process_->take_output(static_cast<std::size_t>(info.size.pixels()) * 3);
    return image;
}

Result<Thumbnail> WalledFilm::thumbnail() {
    Thumbnail thumbnail;
    TRY(process_->make_room(std::max(
        thumbnail.rgb.size(),
        static_cast<std::size_t>(facts_.size.pixels()) * 3  // for picture(), which follows
    )));
    TRY(check_answer(TRY(ask({.kind = DecoderQuestion::Kind::film_thumbnail}))));
    std::memcpy(thumbnail.rgb.data(), process_->output().data(), thumbnail.rgb.size());
    return thumbnail;
}

}  // namespace vignette
