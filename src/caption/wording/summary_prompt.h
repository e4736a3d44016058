// The prompt that asks about a whole film whose parts were described. Pure.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace vignette {

struct ToldPart {
    double from = 0;  // seconds
    std::string text;
};

// In about `bytes_max` bytes: of long descriptions the beginnings, and where even those are too many, every
// second, third or fourth of them.
std::string summary_prompt(std::span<const ToldPart> parts, std::string_view question, std::size_t bytes_max);

}  // namespace vignette
