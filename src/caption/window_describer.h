// Describes a film in windows of some seconds, with the frames of each in one prompt, and then all of it from
// what was said about them. Any thread.
//
// Holds no more decoded frames than a film that is described frame by frame does, and a few more for the
// summary.
#pragma once

#include <stop_token>

#include "caption/film_describer.h"
#include "vignette/error.h"
#include "vignette/film.h"

namespace vignette {

// `frames_at_once` of `means`: prompts that the model may work on. Returns and calls `on_frame` as
// describe_film() does, with each window as a frame.
Result<FilmInfo> describe_windows(
    Film film, const FilmMeans& means, const AnswerFrames& answer, const std::stop_token& stop,
    const OnFrame& on_frame
);

}  // namespace vignette
