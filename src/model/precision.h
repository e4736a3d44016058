// What a bundle is computed in, on the device and with the precision that an operator asked for.
#pragma once

#include <optional>
#include <string>

#include "vignette/bundle.h"
#include "vignette/error.h"

namespace vignette {

// Changes the bundle's types accordingly; refuses what the device cannot do, and says what works there.
Result<void> apply_precision(BundleInfo& info, std::optional<Precision> wanted, const std::string& device);

}  // namespace vignette
