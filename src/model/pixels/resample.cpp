#include "model/pixels/resample.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "vignette/invariant.h"

namespace vignette {
namespace {

// The largest weight of all outputs decides how many bits of a weight fit 16.
int weight_bits(const Axis& axis, std::int32_t to) {
    double largest = 0;
    Taps taps;
    for (std::int32_t i = 0; i < to; ++i) {
        axis.look(i, taps);
        for (const double weight : taps.weights) largest = std::max(largest, weight);
    }
    int bits = 0;
    while (bits < 22 && cut_half_up(largest * (1 << (bits + 1))) < 1 << 15) ++bits;
    return bits;
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

ResampleKernel resample_kernel(std::int32_t from, std::int32_t to, std::int32_t begin, std::int32_t count) {
    if (from == to) return same_samples<std::int16_t>(begin, count);
    const Axis axis(from, to);
    return whole_weights<std::int16_t>(axis, begin, count, weight_bits(axis, to));
}

void blend_rows(
    const std::uint8_t* lines, std::size_t row, const ResampleKernel::Output& output, int bits,
    std::uint8_t* into
) {
    blend_best(lines, row, output, bits, into);
    for (std::size_t x = row / block_samples * block_samples; x < row; ++x)
        into[x] = blend(lines + x, static_cast<std::int64_t>(row), output.weights, bits);
}

// Across first, then down, with bytes in between.
Samples resample_window(const Image& image, Size resized, const Window& window) {
    ASSERT(window.left >= 0 && window.left + window.size.width <= resized.width);
    ASSERT(window.top >= 0 && window.top + window.size.height <= resized.height);
    const Size from = image.size;
    const auto across = resample_kernel(from.width, resized.width, window.left, window.size.width);
    const auto down = resample_kernel(from.height, resized.height, window.top, window.size.height);
    const std::int64_t row = std::int64_t{window.size.width} * 3;
    Samples narrowed(static_cast<std::size_t>((down.end() - down.first()) * row));
    const std::uint8_t* const lines = image.rgb.data() + down.first() * from.width * 3;
    narrow_lines(lines, from.width, down.end() - down.first(), across, narrowed.data());
    Samples made(static_cast<std::size_t>(window.size.height * row));
    std::uint8_t* next = made.data();
    for (const ResampleKernel::Output& output : down.outputs) {
        const std::uint8_t* line = narrowed.data() + (output.first - down.first()) * row;
        blend_rows(line, static_cast<std::size_t>(row), output, down.bits, next);
        next += row;
    }
    return made;
}

}  // namespace vignette
