// `vignette caption` of a film: a line for each frame, as soon as it is described.
#pragma once

#include <string>

#include "app/options.h"
#include "vignette/captioner.h"

namespace vignette {

// Decided by a file's first bytes, not its name, and by a URL's ending. Standard input is never a film.
bool is_film(const std::string& name, const Options& options);

// False if the film or one of its frames failed.
bool caption_film(Captioner& captioner, const std::string& name, const Options& options);

}  // namespace vignette
