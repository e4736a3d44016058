// Unpacks a GIF's pixels whose codes are wider than giflib reads them. One thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/bytes_view.h"

namespace vignette {

class GifLzw {
public:
    static constexpr std::uint32_t bits_max = 12;  // of a code, which has one bit more than a pixel

    // `code_bits`, of a pixel, is less than bits_max. `blocks` begins with the first block's length; it may
    // end too early, which read() notices.
    GifLzw(BytesView blocks, std::uint32_t code_bits);

    // Fills `to` with the next pixels; false if there are not so many.
    bool read(std::span<std::uint8_t> to);

private:
    static constexpr std::uint32_t none = 1U << bits_max;

    bool next_string();
    bool next_byte();
    std::uint32_t next_code();  // `none` at the end
    void start_over();
    void add(std::uint32_t before, std::uint8_t last);
    std::uint8_t put_string(std::uint32_t code);

    BytesView blocks_;
    const std::uint32_t code_bits_;
    std::size_t at_ = 0;
    std::size_t left_in_block_ = 0;
    std::uint32_t bits_ = 0;
    std::uint32_t bits_held_ = 0;
    std::uint32_t width_ = 0;
    std::uint32_t next_free_ = 0;
    std::uint32_t before_ = none;
    std::array<std::uint16_t, none> prefix_{};
    std::array<std::uint8_t, none> last_{};
    std::array<std::uint8_t, none + 1> string_{};  // backwards, so that its end is cut off first
    std::size_t string_size_ = 0;
};

}  // namespace vignette
