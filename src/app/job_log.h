// The one log line of a job.
#pragma once

#include <string_view>

#include "vignette/caption.h"
#include "vignette/error.h"
#include "wire/film_json.h"

namespace vignette {

// Never the picture, the prompt or the caption: they are the user's.
void log_job(std::string_view id, const Result<Caption>& outcome);
void log_film(std::string_view id, const FilmAnswer& answer, const Result<FilmInfo>& info);

}  // namespace vignette
