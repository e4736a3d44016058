// The text of a picture or a film: an http address, a data URL or plain base64. Looks at the head only: the
// bytes are fetched and decoded elsewhere, and what they are is read from them, whatever the text declares.
// Pure functions, for any thread.
#pragma once

#include <string_view>

#include "vignette/bytes.h"
#include "vignette/error.h"
#include "vignette/job.h"
#include "vignette/limits.h"

namespace vignette {

enum class MediaField {
    picture,
    picture_url,  // no base64: what is no address was meant to be one
    film,
};

// An error names the field at `path`.
Result<PictureContent> read_media(
    std::string_view path, const SharedText& text, const Limits& limits,
    MediaField field = MediaField::picture
);

}  // namespace vignette
