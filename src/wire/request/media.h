// Reads the text of a picture or a film: an http address, a data URL or plain base64. Looks only at its
// beginning: the bytes are fetched and decoded elsewhere, and the format is found from them, whatever the
// text declares. Pure functions, for any thread.
#pragma once

#include <string_view>

#include "vignette/bytes.h"
#include "vignette/error.h"
#include "vignette/job.h"
#include "vignette/limits.h"

namespace vignette {

enum class MediaField {
    picture,
    picture_url,  // not base64: anything else was meant to be an address
    film,
};

// An error names the field at `path`.
Result<PictureContent> read_media(
    std::string_view path, const SharedText& text, const Limits& limits,
    MediaField field = MediaField::picture
);

}  // namespace vignette
