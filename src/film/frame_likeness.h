// How much two frames of a film differ, judged by thumbnails. Pure functions, for any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace vignette {

// A whole frame reduced to RGB pixels, each the mean of its part of the frame. In colour, because a blue and
// a purple circle can have the same grey.
struct Thumbnail {
    static constexpr int side = 32;
    std::array<std::uint8_t, std::size_t{side} * side * 3> rgb{};
};

// The mean absolute difference of the samples (0 to 255) in the block of 4 x 4 pixels where it is largest, so
// that a local change is not lost in the mean of the whole.
double largest_difference(const Thumbnail& one, const Thumbnail& other);

// Near duplicates: no block differs by more. Noise and compression stay below it; a shape that moves, appears
// or disappears does not.
inline constexpr double duplicate_difference_max = 6;
bool looks_like(const Thumbnail& one, const Thumbnail& other);

// How much changed from one frame to the next, from 0 to 1: the smaller of two measures. One is the share of
// the picture whose brightness changed (half the distance between the two histograms of 32 brightness
// levels), the other the mean absolute difference of all samples, where 64 or more counts as 1.
double scene_change(const Thumbnail& before, const Thumbnail& now);

// Motion changes the second measure and hardly the first, a flickering light the first and hardly the second;
// a cut changes both.
inline constexpr double cut_min = 0.25;

}  // namespace vignette
