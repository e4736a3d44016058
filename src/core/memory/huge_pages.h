// Memory in pages of 2 MiB. A processor remembers where few pages are: what is read from end to end, such as
// a model's weights in each step, comes up to twice as fast from large ones. Any thread.
#pragma once

#include <cstddef>
#include <span>

#include "vignette/bytes.h"

namespace vignette {

inline constexpr std::size_t huge_page = 2 * MiB;

// Fresh pages of zeros, a multiple of huge_page; munmap gives them back. Throws std::bad_alloc. Where the
// system has no huge pages they are small ones.
std::byte* map_huge_pages(std::size_t bytes);

// Whether the system hands them out to who asks.
bool has_huge_pages();

// What of `bytes` fills huge pages.
std::span<const std::byte> whole_huge_pages(std::span<const std::byte> bytes);

// Puts a copy in huge pages in the place of the read-only mapping `bytes`, itself whole huge pages: whoever
// reads it meanwhile sees the same numbers at the same addresses. False where the system refuses.
bool move_to_huge_pages(std::span<const std::byte> bytes);

}  // namespace vignette
