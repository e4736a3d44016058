// How much memory an opened bundle will take, computed from its manifest and the headers of its weights. Pure
// functions apart from reading those; any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "bundle/manifest.h"
#include "vignette/error.h"

namespace vignette {

// Checks on its way that every file is there, has the manifest's size and a header that makes sense.
Result<std::uint64_t> weights_bytes(const Manifest& manifest, const std::filesystem::path& bundle);

// The same before the weights are here, from the manifest's list of them; what one name has under
// another by a rename counts twice. 0 where it lists none.
Result<std::uint64_t> expected_weights_bytes(const Manifest& manifest);

std::uint64_t bytes_per_slot(const CacheSpec& spec, Dtype dtype);

// What a GPU has left once the weights are on it; none: the model computes on the CPU.
using FreeOnGpu = std::optional<std::uint64_t>;

// Enough that pictures share steps. On a GPU as many as fit three quarters of what is left there, since the
// work of a step needs some, too, and at most 96, beyond which a step only takes longer; on the CPU at most
// 24 in 1 GiB, but never fewer than one beam search needs. On a GPU with fewer, jobs get fewer beams.
int default_slots(const Manifest& manifest, FreeOnGpu free);

// The KV cache of that many slots and the scratch slot; 0: the default number.
std::uint64_t cache_bytes(const Manifest& manifest, int slots, FreeOnGpu free);

std::string gib_text(std::uint64_t bytes);  // "1.5 GiB"

}  // namespace vignette
