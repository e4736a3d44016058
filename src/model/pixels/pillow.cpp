#include "model/pixels/pillow.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/pixels/kernel.h"
#include "vignette/invariant.h"

namespace vignette {
namespace {

using PillowKernel = Kernel<std::int32_t>;
constexpr int pillow_bits = 22;

PillowKernel pillow_kernel(std::int32_t from, std::int32_t to, std::int32_t begin, std::int32_t count) {
    if (from == to) return same_samples<std::int32_t>(begin, count);
    return whole_weights<std::int32_t>(Axis(from, to), begin, count, pillow_bits);
}

// Bytes lie between the two directions, so that it matters which comes first. Since version 13 that is down
// where the height loses more than twice as many lines as the width.
bool down_first(Size from, Size to) {
    const std::int64_t lines = std::int64_t{from.height} - to.height;
    return lines > 0 && lines > (std::int64_t{from.width} - to.width) * 2;
}

// Of lines that begin `stride` samples after each other, the first `row` samples of each.
void shorten_columns(
    const std::uint8_t* lines, std::size_t stride, std::size_t row, const PillowKernel& down,
    std::uint8_t* into
) {
    std::vector<std::int32_t> sums(row);
    for (const PillowKernel::Output& output : down.outputs) {
        std::ranges::fill(sums, down.bits == 0 ? 0 : 1 << (down.bits - 1));
        const std::uint8_t* line = lines + static_cast<std::size_t>(output.first - down.first()) * stride;
        for (const std::int32_t weight : output.weights) {
            for (std::size_t x = 0; x < row; ++x) sums[x] += weight * line[x];
            line += stride;
        }
        for (std::size_t x = 0; x < row; ++x)
            into[x] = static_cast<std::uint8_t>(std::clamp(sums[x] >> down.bits, 0, 255));
        into += row;
    }
}

}  // namespace

Samples pillow_window(const Image& image, Size resized, const Window& window) {
    ASSERT(window.left >= 0 && window.left + window.size.width <= resized.width);
    ASSERT(window.top >= 0 && window.top + window.size.height <= resized.height);
    const Size from = image.size;
    PillowKernel across = pillow_kernel(from.width, resized.width, window.left, window.size.width);
    const PillowKernel down = pillow_kernel(from.height, resized.height, window.top, window.size.height);
    const std::size_t stride = static_cast<std::size_t>(from.width) * 3;
    const auto row = static_cast<std::size_t>(window.size.width) * 3;
    const std::uint8_t* const lines = image.rgb.data() + static_cast<std::size_t>(down.first()) * stride;
    Samples made(static_cast<std::size_t>(window.size.height) * row);
    if (down_first(from, resized)) {
        const std::int64_t left = across.first();
        const std::int64_t width = across.end() - left;  // of what is needed
        for (PillowKernel::Output& output : across.outputs) output.first -= left;
        Samples shortened(static_cast<std::size_t>(width * window.size.height) * 3);
        shorten_columns(
            lines + left * 3, stride, static_cast<std::size_t>(width) * 3, down, shortened.data()
        );
        narrow_lines(shortened.data(), width, window.size.height, across, made.data());
    } else {
        const std::int64_t height = down.end() - down.first();
        Samples narrowed(static_cast<std::size_t>(height) * row);
        narrow_lines(lines, from.width, height, across, narrowed.data());
        shorten_columns(narrowed.data(), row, row, down, made.data());
    }
    return made;
}

}  // namespace vignette
