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

// Takes about `bytes_max` bytes: long descriptions are shortened, and if even that is not enough, only every
// second, third, ... of them is included.
std::string summary_prompt(std::span<const ToldPart> parts, std::string_view question, std::size_t bytes_max);

}  // namespace vignette
