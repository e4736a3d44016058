// What there is to say about a bundle, for people and programs.
#pragma once

#include "app/models/bundles.h"
#include "wire/answer/models_json.h"

namespace vignette {

ModelSummary summarise(const Bundle& bundle);

// Of a bundle whose manifest can be read.
ModelDetails describe(const std::filesystem::path& folder, const Manifest& manifest);

}  // namespace vignette
