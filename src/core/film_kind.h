// Whether a file is a film, told by its first bytes, and whether it has all the bytes it says it has. Neither
// name nor declared type is looked at. Pure functions, for any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace vignette {

enum class FilmKind { mp4, mov, matroska, webm, avi };

std::string_view to_text(FilmKind kind);

// Pictures that lie in the same container as MP4 (HEIC, AVIF, CR3) are none.
std::optional<FilmKind> film_kind(std::span<const std::byte> file);

// The file's own sizes reach beyond its end. A container of unknown length is never cut short.
bool is_cut_short(std::span<const std::byte> file, FilmKind kind);

}  // namespace vignette
