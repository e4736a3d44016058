#include "model/pixels/kernel.h"

#include <cmath>

namespace vignette {
namespace {

constexpr double cubic_a = -0.5;

double cubic(double x) {
    x = std::abs(x);
    if (x < 1) return ((cubic_a + 2) * x - (cubic_a + 3)) * x * x + 1;
    if (x < 2) return ((cubic_a * x - 5 * cubic_a) * x + 8 * cubic_a) * x - 4 * cubic_a;
    return 0;
}

}  // namespace

Axis::Axis(std::int32_t from, std::int32_t to)
    : from_(from),
      scale_(static_cast<double>(from) / to),
      support_(scale_ >= 1 ? 2 * scale_ : 2),
      taps_max_(static_cast<std::int64_t>(std::ceil(support_)) * 2 + 1) {}

void Axis::look(std::int32_t output, Taps& taps) const {
    const double centre = scale_ * (output + 0.5);
    const double inverse = scale_ >= 1 ? 1 / scale_ : 1;
    taps.first = std::max<std::int64_t>(cut_half_up(centre - support_), 0);
    const std::int64_t end = std::min<std::int64_t>(cut_half_up(centre + support_), from_);
    const std::int64_t count = std::clamp<std::int64_t>(end - taps.first, 0, taps_max_);
    taps.weights.resize(static_cast<std::size_t>(count));
    double sum = 0;
    for (std::int64_t j = 0; j < count; ++j) {
        const double weight = cubic((static_cast<double>(j + taps.first) - centre + 0.5) * inverse);
        taps.weights[static_cast<std::size_t>(j)] = weight;
        sum += weight;
    }
    if (sum == 0) return;
    for (double& weight : taps.weights) weight /= sum;
}

}  // namespace vignette
