// Recognises a film by its first bytes, whatever its name or declared type, and checks whether the file is
// complete. Pure functions, for any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace vignette {

enum class FilmKind { mp4, mov, matroska, webm, avi, ogg };

std::string_view to_text(FilmKind kind);

// Empty if the file is not a film, like the pictures that share MP4's container format (HEIC, AVIF, CR3).
std::optional<FilmKind> film_kind(std::span<const std::byte> file);

// Whether the sizes declared in the file reach beyond its end. A container of unknown length never counts as
// cut.
bool is_cut_short(std::span<const std::byte> file, FilmKind kind);

}  // namespace vignette
