// An answer of a decoder process as our own values. Everything in it is checked: it may come from a process
// that a stranger has taken over. Pure functions, for any thread.
#pragma once

#include <optional>

#include "film/source.h"
#include "image/header.h"
#include "vignette/error.h"
#include "vignette/image.h"
#include "wall/message.h"

namespace vignette {

// The error that the answer reports, or nothing.
Result<void> check_answer(const DecoderAnswer& answer);

// What an answer to `header` says of a camera's raw file.
Result<ImageHeader> raw_header(const DecoderAnswer& answer);

// What an answer to `picture` or `film_picture` says; the pixels fit into `room` bytes.
Result<ImageInfo> picture_info(const DecoderAnswer& answer, std::size_t room);

Result<FilmFacts> film_facts(const DecoderAnswer& answer, const Limits& limits);
Result<std::optional<Shown>> shown_frame(const DecoderAnswer& answer);

std::unexpected<Error> fail_nonsense();  // the decoder said what no honest decoder says

}  // namespace vignette
