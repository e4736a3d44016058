// The answer to a film: what is kept of each frame as it comes, and its JSON. Pure, for any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "vignette/error.h"
#include "vignette/film.h"
#include "vignette/limits.h"

namespace vignette {

// Of ten thousand frames only what the answer needs is kept.
struct FilmAnswer {
    void add(FilmFrame frame);

    std::size_t described() const { return descriptions.size() - errors.size(); }

    std::vector<double> timestamps;
    std::vector<std::optional<std::string>> descriptions;  // none: it failed, or captions are off
    std::vector<std::optional<Embedding>> embeddings;      // empty unless asked for
    std::vector<std::pair<std::size_t, Error>> errors;
    std::vector<std::pair<std::size_t, std::size_t>>
        duplicates;  // a frame, and the earlier one it looks like
    std::optional<ModelUse> model;
    std::vector<std::pair<std::size_t, Warning>> warnings;  // each once, with the first frame that has it
};

// One frame as it is told while the film is described: its time, then what a picture's result has.
std::string format_frame(const FilmFrame& frame);

// The whole. `info` may be an error where frames were described before it: they stand, and `incomplete` tells
// it.
std::string format_film(
    const FilmAnswer& answer, const Result<FilmInfo>& info, std::chrono::duration<double> took
);

}  // namespace vignette
