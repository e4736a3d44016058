// What a job really gets: its wishes, the bundle's defaults where it has none, and the bundle's limits over
// both.
#pragma once

#include <string>
#include <vector>

#include "engine/rules.h"
#include "vignette/bundle.h"
#include "vignette/job.h"

namespace vignette {

struct Settings {
    std::string prompt;
    DecodingRules rules;
    std::vector<Warning> warnings;  // one for each wish that was not granted
};

Settings settle(const CaptionOptions& wishes, const BundleInfo& bundle);

}  // namespace vignette
