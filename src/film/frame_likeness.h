// How much two frames of a film differ, judged by thumbnails. Pure functions, for any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace vignette {

// A whole frame, each pixel the mean of its part of it; RGB. Colours, because a blue and a purple circle have
// the same grey.
struct Thumbnail {
    static constexpr int side = 32;
    std::array<std::uint8_t, std::size_t{side} * side * 3> rgb{};
};

// The mean absolute difference of the samples (0 to 255) in the block where it is largest; blocks of 4 x 4
// pixels. What changes in one place only is not lost in the mean of the whole.
double largest_difference(const Thumbnail& one, const Thumbnail& other);

// Near duplicates: no block differs by more. Noise and compression stay below it, a shape that moves, comes
// or goes does not.
inline constexpr double duplicate_difference_max = 6;
bool looks_like(const Thumbnail& one, const Thumbnail& other);

// How much changed from one frame to the next, from 0 to 1: the smaller of two measures. One is the share of
// the picture that has another brightness (half the distance of the two histograms of 32 brightnesses), the
// other the mean absolute difference of all samples, 64 or more being 1.
double scene_change(const Thumbnail& before, const Thumbnail& now);

// Things that move change the second measure and hardly the first, a light that flickers the first and hardly
// the second: a cut changes both.
inline constexpr double cut_min = 0.25;

}  // namespace vignette
