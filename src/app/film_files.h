// `vignette caption` of a film: a line for each frame, as soon as it is described.
#pragma once

#include <string>

#include "app/options.h"
#include "vignette/captioner.h"

namespace vignette {

// By the file's first bytes, not its name. What comes by a pipe is no film.
bool is_film_file(const std::string& name);

// False where the film or one of its frames failed.
bool caption_film(Captioner& captioner, const std::string& name, const Options& options);

}  // namespace vignette
