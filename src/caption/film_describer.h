// A film frame by frame: chosen, described by whoever answers for pictures, told in order. Any thread.
//
// A film's bytes and the frames in work are all that is held, however long it is.
#pragma once

#include <functional>
#include <stop_token>

#include "caption/media/picture_reader.h"
#include "image/decode.h"
#include "vignette/captioner.h"
#include "vignette/error.h"
#include "vignette/film.h"
#include "vignette/limits.h"

namespace vignette {

// Describes one decoded frame. Called by several threads at once.
using AnswerFrame = std::function<Result<Caption>(Job job, DecodedImage frame, const std::stop_token& stop)>;

struct FilmMeans {
    const Limits& limits;
    PictureReader& reader;   // outlives the call
    int frames_at_once = 1;  // in work with the model
};

// Returns when each frame was heard or the film cannot be read any further; `cancelled` once a stop was
// requested. `on_frame` is called on the caller's thread.
Result<FilmInfo> describe_film(
    Film film, const FilmMeans& means, const AnswerFrame& answer, const std::stop_token& stop,
    const OnFrame& on_frame
);

}  // namespace vignette
