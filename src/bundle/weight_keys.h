// The tensors that a program asks for, as a manifest lists them, held against the files that shall hold them.
// Pure functions, for any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bundle/manifest.h"
#include "bundle/weight_files.h"
#include "vignette/error.h"

namespace vignette {

// "layers.{0..31}.{q,k}_proj.weight" is 64 names: {a..b} is a range of numbers, {a,b} are alternatives.
Result<std::vector<std::string>> expand_pattern(std::string_view pattern);

// Every name with its shape.
Result<std::vector<WeightKey>> expand_keys(const std::vector<WeightKey>& keys);

// Missing tensors, wrong shapes and tensors that are not floating point: one error each. Empty where all is
// right, or where the manifest lists no keys.
std::vector<Error> check_keys(
    const WeightsSpec& spec, const std::vector<WeightKey>& wanted, const WeightFiles& files,
    std::string_view remedy
);

}  // namespace vignette
