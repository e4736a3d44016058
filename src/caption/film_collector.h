// The frames of a film that stand together in one prompt: chosen, and decoded one after another. Any thread.
//
// Holds all of them, in at most as many bytes as a film described frame by frame may have in progress; of
// large frames, fewer are taken.
#pragma once

#include <optional>
#include <stop_token>

#include "caption/film_describer.h"
#include "vignette/error.h"
#include "vignette/film.h"

namespace vignette {

// Of one prompt. More would each have so few places in it that nothing is seen.
inline constexpr int frames_together_max = 64;
inline constexpr double fps_together_default = 2;  // what these models are trained with

struct CollectedFilm {
    FilmInfo info;
    FrameSeries seen;
    std::optional<Error> ended;  // why the film cannot be read any further
};

Result<CollectedFilm> collect_frames(Film& film, const FilmMeans& means, const std::stop_token& stop);

// Describes a film with one answer, as describe_film() does: where it ends early, about the frames before
// that.
Result<FilmInfo> describe_whole_film(
    Film film, const FilmMeans& means, const AnswerFrames& answer, const std::stop_token& stop,
    const OnFrame& on_frame
);

}  // namespace vignette
