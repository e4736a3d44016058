// The one log line of a job, and how an error is told to people.
#pragma once

#include <string>
#include <string_view>

#include "vignette/caption.h"
#include "vignette/error.h"
#include "wire/answer/film_json.h"

namespace vignette {

// Never the picture, the prompt or the caption: they are the user's.
void log_job(std::string_view id, const Result<Caption>& outcome);
void log_film(std::string_view id, const FilmAnswer& answer, const Result<FilmInfo>& info);

std::string with_code(const Error& error);  // "what is wrong (its_code)"

}  // namespace vignette
