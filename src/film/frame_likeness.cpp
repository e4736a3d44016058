#include "film/frame_likeness.h"

#include <algorithm>
#include <cstdlib>

namespace vignette {
namespace {

constexpr std::size_t thumbnail_side = Thumbnail::side;
constexpr std::size_t thumbnail_pixels = thumbnail_side * thumbnail_side;
constexpr std::size_t brightnesses = 32;

int difference_at(const Thumbnail& one, const Thumbnail& other, std::size_t sample) {
    return std::abs(int{one.rgb[sample]} - int{other.rgb[sample]});
}

double block_difference(const Thumbnail& one, const Thumbnail& other, std::size_t top, std::size_t left) {
    constexpr std::size_t block = 4;
    int sum = 0;
    for (std::size_t y = top; y < top + block; ++y) {
        for (std::size_t sample = (y * thumbnail_side + left) * 3;
             sample < (y * thumbnail_side + left + block) * 3; ++sample)
            sum += difference_at(one, other, sample);
    }
    return static_cast<double>(sum) / static_cast<double>(block * block * 3);
}

using Histogram = std::array<int, brightnesses>;

Histogram histogram(const Thumbnail& frame) {
    Histogram counts{};
    for (std::size_t pixel = 0; pixel < thumbnail_pixels; ++pixel) {
        const auto* rgb = &frame.rgb[pixel * 3];
        const int grey = (299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2]) / 1000;
        ++counts[static_cast<std::size_t>(grey) * brightnesses / 256];
    }
    return counts;
}

}  // namespace

double largest_difference(const Thumbnail& one, const Thumbnail& other) {
    double largest = 0;
    for (std::size_t top = 0; top < thumbnail_side; top += 4) {
        for (std::size_t left = 0; left < thumbnail_side; left += 4)
            largest = std::max(largest, block_difference(one, other, top, left));
    }
    return largest;
}

bool looks_like(const Thumbnail& one, const Thumbnail& other) {
    return largest_difference(one, other) <= duplicate_difference_max;
}

double scene_change(const Thumbnail& before, const Thumbnail& now) {
    const Histogram first = histogram(before);
    const Histogram second = histogram(now);
    int moved = 0;
    for (std::size_t i = 0; i < brightnesses; ++i) moved += std::abs(first[i] - second[i]);
    int sum = 0;
    for (std::size_t sample = 0; sample < before.rgb.size(); ++sample)
        sum += difference_at(before, now, sample);
    constexpr double much = 64;
    const double brightness = moved / (2.0 * static_cast<double>(thumbnail_pixels));
    const double samples = std::min(1.0, sum / static_cast<double>(before.rgb.size()) / much);
    return std::min(brightness, samples);
}

}  // namespace vignette
