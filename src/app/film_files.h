// `vignette caption` of a film: a line for each frame, as soon as it is described.
#pragma once

#include <string>

#include "app/options.h"
#include "vignette/captioner.h"

namespace vignette {

// By a file's first bytes, not its name; by an address's ending. What comes by a pipe is no film.
bool is_film(const std::string& name, const Options& options);

// False where the film or one of its frames failed.
bool caption_film(Captioner& captioner, const std::string& name, const Options& options);

}  // namespace vignette
