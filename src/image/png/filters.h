// A PNG's rows are stored as differences from their neighbours; this adds them up again.
#pragma once

#include <cstdint>
#include <span>

namespace vignette {

inline constexpr std::size_t png_row_slack = 4;  // bytes behind a row that may be read, and are never used

// In place. `above` is the row before, already added up, and has the length of `row`; zeros for the first.
// Both have png_row_slack bytes of memory behind them. False for a filter that does not exist.
bool undo_png_filter(
    std::uint32_t filter, std::span<std::uint8_t> row, std::span<const std::uint8_t> above,
    std::size_t pixel_bytes
);

}  // namespace vignette
