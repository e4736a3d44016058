// What an opened bundle will hold in memory, told from its manifest and the headers of its weights. Pure
// functions but for reading those; any thread.
#pragma once

#include <cstdint>
#include <filesystem>

#include "model/manifest.h"
#include "vignette/error.h"

namespace vignette {

// Checks on its way that every file is there, has the manifest's size and a header that makes sense.
Result<std::uint64_t> weights_bytes(const Manifest& manifest, const std::filesystem::path& bundle);

std::uint64_t bytes_per_slot(const CacheSpec& spec, Dtype dtype);

// Enough that pictures share steps; a fixed part of the memory, because the rest of it is for weights and for
// the work of a step. Never fewer than one beam search needs.
int default_slots(const Manifest& manifest, bool gpu);

// The cache of so many slots and of the scratch slot; 0: as many as is the default.
std::uint64_t cache_bytes(const Manifest& manifest, int slots, bool gpu);

}  // namespace vignette
