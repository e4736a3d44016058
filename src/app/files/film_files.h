// `vignette caption` of a film: a line for each frame, as soon as it is described.
#pragma once

#include <string_view>

#include "app/files/print_item.h"
#include "app/options.h"
#include "vignette/captioner.h"

namespace vignette {

// An address whose ending is a film's: its bytes are not here yet.
bool ends_like_film(std::string_view url);

// False if the film or one of its frames failed. It ends early once the output is lost.
bool caption_film(
    Captioner& captioner, const Subject& subject, Result<PictureContent> content, const Options& options
);

}  // namespace vignette
