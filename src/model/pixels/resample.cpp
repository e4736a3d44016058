#include "model/pixels/resample.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "vignette/invariant.h"

namespace vignette {
namespace {

constexpr double cubic_a = -0.5;

double cubic(double x) {
    x = std::abs(x);
    if (x < 1) return ((cubic_a + 2) * x - (cubic_a + 3)) * x * x + 1;
    if (x < 2) return ((cubic_a * x - 5 * cubic_a) * x + 8 * cubic_a) * x - 4 * cubic_a;
    return 0;
}

struct Taps {  // what one output is made of
    std::int64_t first = 0;
    std::vector<double> weights;
};

// The reference truncates here, whatever the sign.
std::int64_t half_up(double value) {
    return static_cast<std::int64_t>(value + 0.5);  // NOLINT(bugprone-incorrect-roundings)
}

// One direction of a resize.
class Axis {
public:
    Axis(std::int32_t from, std::int32_t to)
        : from_(from),
          scale_(static_cast<double>(from) / to),
          support_(scale_ >= 1 ? 2 * scale_ : 2),
          taps_max_(static_cast<std::int64_t>(std::ceil(support_)) * 2 + 1) {
        double largest = 0;  // over all outputs: it decides how many bits of a weight fit 16
        Taps taps;
        for (std::int32_t i = 0; i < to; ++i) {
            look(i, taps);
            for (const double weight : taps.weights) largest = std::max(largest, weight);
        }
        while (bits_ < 22 && half_up(largest * (1 << (bits_ + 1))) < 1 << 15) ++bits_;
    }

    void look(std::int32_t output, Taps& taps) const {
        const double centre = scale_ * (output + 0.5);
        const double inverse = scale_ >= 1 ? 1 / scale_ : 1;
        taps.first = std::max<std::int64_t>(half_up(centre - support_), 0);
        const std::int64_t end = std::min<std::int64_t>(half_up(centre + support_), from_);
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

    int bits() const { return bits_; }

private:
    std::int64_t from_;
    double scale_;
    double support_;
    std::int64_t taps_max_;
    int bits_ = 0;
};

// `step` samples lie between a sample and its neighbour in the kernel's direction.
std::uint8_t blend(
    const std::uint8_t* sample, std::int64_t step, const ResampleKernel::Output& output, int bits
) {
    std::int32_t sum = bits == 0 ? 0 : 1 << (bits - 1);
    for (const std::int16_t weight : output.weights) {
        sum += weight * *sample;
        sample += step;
    }
    return static_cast<std::uint8_t>(std::clamp(sum >> bits, 0, 255));
}

// Loops of a length that is known become vector instructions.
constexpr std::size_t block_samples = 64;

[[gnu::always_inline]] inline void blend_block(
    const std::uint8_t* lines, std::size_t row, const ResampleKernel::Output& output, int bits,
    std::uint8_t* into
) {
    std::array<std::int32_t, block_samples> sums;
    sums.fill(bits == 0 ? 0 : 1 << (bits - 1));
    for (const std::int16_t weight : output.weights) {
        for (std::size_t i = 0; i < block_samples; ++i) {
            const std::int16_t sample = lines[i];
            sums[i] += weight * sample;
        }
        lines += row;
    }
    for (std::size_t i = 0; i < block_samples; ++i)
        into[i] = static_cast<std::uint8_t>(std::clamp(sums[i] >> bits, 0, 255));
}

void blend_blocks(
    const std::uint8_t* lines, std::size_t row, const ResampleKernel::Output& output, int bits,
    std::uint8_t* into
) {
    for (std::size_t x = 0; x + block_samples <= row; x += block_samples)
        blend_block(lines + x, row, output, bits, into + x);
}

#ifdef __x86_64__
// The same for processors of the last ten years.
[[gnu::target("avx2")]] void blend_blocks_wide(
    const std::uint8_t* lines, std::size_t row, const ResampleKernel::Output& output, int bits,
    std::uint8_t* into
) {
    for (std::size_t x = 0; x + block_samples <= row; x += block_samples)
        blend_block(lines + x, row, output, bits, into + x);
}
// VIGNETTE_CPU=plain: so that the tests can also run as on the others.
bool wide() {
    const char* cpu = std::getenv("VIGNETTE_CPU");
    return __builtin_cpu_supports("avx2") != 0 && (cpu == nullptr || std::string_view(cpu) != "plain");
}
const auto blend_best = wide() ? blend_blocks_wide : blend_blocks;
#else
const auto blend_best = blend_blocks;
#endif

}  // namespace

ResampleKernel::ResampleKernel(std::int32_t from, std::int32_t to, std::int32_t begin, std::int32_t count) {
    if (from == to) {  // this direction is left as it is
        for (std::int32_t i = 0; i < count; ++i) outputs.push_back({.first = begin + i, .weights = {1}});
        return;
    }
    const Axis axis(from, to);
    bits = axis.bits();
    Taps taps;
    for (std::int32_t i = 0; i < count; ++i) {
        axis.look(begin + i, taps);
        Output output{.first = taps.first, .weights = {}};
        for (const double weight : taps.weights)
            output.weights.push_back(
                static_cast<std::int16_t>(weight * (1 << bits) + (weight < 0 ? -0.5 : 0.5))
            );
        outputs.push_back(std::move(output));
    }
}

void blend_rows(
    const std::uint8_t* lines, std::size_t row, const ResampleKernel::Output& output, int bits,
    std::uint8_t* into
) {
    blend_best(lines, row, output, bits, into);
    for (std::size_t x = row / block_samples * block_samples; x < row; ++x)
        into[x] = blend(lines + x, static_cast<std::int64_t>(row), output, bits);
}

// Across first, then down, with bytes in between.
Samples resample_window(const Image& image, Size resized, const Window& window) {
    ASSERT(window.left >= 0 && window.left + window.size.width <= resized.width);
    ASSERT(window.top >= 0 && window.top + window.size.height <= resized.height);
    const ResampleKernel across(image.size.width, resized.width, window.left, window.size.width);
    const ResampleKernel down(image.size.height, resized.height, window.top, window.size.height);
    const std::int64_t row = std::int64_t{window.size.width} * 3;
    Samples narrowed(static_cast<std::size_t>((down.end() - down.first()) * row));
    std::uint8_t* next = narrowed.data();
    for (std::int64_t y = down.first(); y < down.end(); ++y) {
        const std::uint8_t* line = image.rgb.data() + y * image.size.width * 3;
        for (const ResampleKernel::Output& output : across.outputs) {
            for (int channel = 0; channel < 3; ++channel)
                *next++ = blend(line + output.first * 3 + channel, 3, output, across.bits);
        }
    }
    Samples made(static_cast<std::size_t>(window.size.height * row));
    next = made.data();
    for (const ResampleKernel::Output& output : down.outputs) {
        const std::uint8_t* line = narrowed.data() + (output.first - down.first()) * row;
        blend_rows(line, static_cast<std::size_t>(row), output, down.bits, next);
        next += row;
    }
    return made;
}

}  // namespace vignette
