// Are a bundle's files what its manifest says? Asked by the preflight, `vignette doctor` and
// `vignette models verify`.
#pragma once

#include <filesystem>
#include <vector>

#include "bundle/file_digest.h"
#include "bundle/manifest.h"
#include "vignette/bytes.h"
#include "vignette/error.h"

namespace vignette {

inline constexpr std::size_t part_bytes_max = 1024 * MiB;  // of program and tokenizer, which have no weights

enum class Thoroughness {
    headers,  // digests of program and tokenizer; sizes and headers of the weights; their names and shapes
    digests,  // also the weights' digests: as long as reading them takes
};

struct BundleCheckOptions {
    Thoroughness how = Thoroughness::headers;
    OnBytes on_bytes;  // called as weights are hashed
};

// Everything that is wrong, each with its remedy: "what; remedy".
std::vector<Error> check_bundle(
    const std::filesystem::path& bundle, const Manifest& manifest, const BundleCheckOptions& options = {}
);

}  // namespace vignette
