// Which samples an output of an antialiased bicubic resize is made of, and how much each of them counts.
// torch and Pillow agree on that, and round the weights to whole numbers of unlike lengths. Pure functions,
// for any thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace vignette {

// The references truncate here, whatever the sign.
inline std::int64_t cut_half_up(double value) {
    return static_cast<std::int64_t>(value + 0.5);  // NOLINT(bugprone-incorrect-roundings)
}

struct Taps {  // what one output is made of
    std::int64_t first = 0;
    std::vector<double> weights;
};

// One direction of a resize.
class Axis {
public:
    Axis(std::int32_t from, std::int32_t to);
    void look(std::int32_t output, Taps& taps) const;

private:
    std::int64_t from_;
    double scale_;
    double support_;
    std::int64_t taps_max_;
};

// The same in whole numbers, the way the sums are built. A weight of one is 1 << bits.
template <class Weight>
struct Kernel {
    struct Output {
        std::int64_t first = 0;
        std::vector<Weight> weights;
    };
    int bits = 0;
    std::vector<Output> outputs;

    std::int64_t first() const { return outputs.front().first; }
    std::int64_t end() const { return end(outputs.back()); }
    static std::int64_t end(const Output& output) {
        return output.first + static_cast<std::int64_t>(output.weights.size());
    }
};

// `count` of the outputs, from `begin` on.
template <class Weight>
Kernel<Weight> whole_weights(const Axis& axis, std::int32_t begin, std::int32_t count, int bits) {
    Kernel<Weight> kernel{.bits = bits, .outputs = {}};
    Taps taps;
    for (std::int32_t i = 0; i < count; ++i) {
        axis.look(begin + i, taps);
        typename Kernel<Weight>::Output output{.first = taps.first, .weights = {}};
        for (const double weight : taps.weights)
            output.weights.push_back(static_cast<Weight>(weight * (1 << bits) + (weight < 0 ? -0.5 : 0.5)));
        kernel.outputs.push_back(std::move(output));
    }
    return kernel;
}

// Of a direction that is left as it is.
template <class Weight>
Kernel<Weight> same_samples(std::int32_t begin, std::int32_t count) {
    Kernel<Weight> kernel;
    for (std::int32_t i = 0; i < count; ++i) kernel.outputs.push_back({.first = begin + i, .weights = {1}});
    return kernel;
}

// A sample and its neighbour in the kernel's direction are `step` samples apart.
template <class Weight>
std::uint8_t blend(
    const std::uint8_t* sample, std::int64_t step, const std::vector<Weight>& weights, int bits
) {
    std::int32_t sum = bits == 0 ? 0 : 1 << (bits - 1);
    for (const Weight weight : weights) {
        sum += weight * *sample;
        sample += step;
    }
    return static_cast<std::uint8_t>(std::clamp(sum >> bits, 0, 255));
}

// RGB lines of `width` pixels each, `count` of them, become as long as the kernel has outputs.
template <class Weight>
void narrow_lines(
    const std::uint8_t* line, std::int64_t width, std::int64_t count, const Kernel<Weight>& across,
    std::uint8_t* into
) {
    for (std::int64_t y = 0; y < count; ++y, line += width * 3) {
        for (const auto& output : across.outputs) {
            for (int channel = 0; channel < 3; ++channel)
                *into++ = blend(line + output.first * 3 + channel, 3, output.weights, across.bits);
        }
    }
}

}  // namespace vignette
