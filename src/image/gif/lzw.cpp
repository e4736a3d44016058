#include "image/gif/lzw.h"

#include "vignette/invariant.h"

namespace vignette {

GifLzw::GifLzw(BytesView blocks, std::uint32_t code_bits) : blocks_(blocks), code_bits_(code_bits) {
    ASSERT(code_bits < bits_max);
    start_over();
}

bool GifLzw::read(std::span<std::uint8_t> to) {
    for (std::uint8_t& pixel : to) {
        if (string_size_ == 0 && !next_string()) return false;
        pixel = string_[--string_size_];
    }
    return true;
}

void GifLzw::start_over() {
    width_ = code_bits_ + 1;
    next_free_ = (1U << code_bits_) + 2;
    before_ = none;
}

bool GifLzw::next_byte() {
    if (left_in_block_ == 0) {
        if (!blocks_.holds(at_, 1) || blocks_.u8(at_) == 0) return false;
        left_in_block_ = blocks_.u8(at_++);
    }
    if (!blocks_.holds(at_, 1)) return false;
    bits_ |= blocks_.u8(at_++) << bits_held_;
    bits_held_ += 8;
    --left_in_block_;
    return true;
}

std::uint32_t GifLzw::next_code() {
    while (bits_held_ < width_) {
        if (!next_byte()) return none;
    }
    const std::uint32_t code = bits_ & ((1U << width_) - 1);
    bits_ >>= width_;
    bits_held_ -= width_;
    return code;
}

// Once all codes are given away, the table stays as it is.
void GifLzw::add(std::uint32_t before, std::uint8_t last) {
    if (next_free_ >= none) return;
    prefix_.at(next_free_) = static_cast<std::uint16_t>(before);
    last_.at(next_free_) = last;
    ++next_free_;
    if (next_free_ == 1U << width_ && width_ < bits_max) ++width_;
}

// Behind what is there already; its first pixel is also returned. Each code's prefix is a smaller code.
std::uint8_t GifLzw::put_string(std::uint32_t code) {
    while (code >= 1U << code_bits_) {
        string_.at(string_size_++) = last_.at(code);
        code = prefix_.at(code);
    }
    string_.at(string_size_++) = static_cast<std::uint8_t>(code);
    return static_cast<std::uint8_t>(code);
}

bool GifLzw::next_string() {
    const std::uint32_t clear = 1U << code_bits_;
    std::uint32_t code = next_code();
    while (code == clear) {
        start_over();
        code = next_code();
    }
    const bool repeats = code == next_free_;  // the string before, and its own first pixel once more
    if (code == none || code == clear + 1 || code > next_free_ || (before_ == none && code >= clear))
        return false;
    if (repeats) ++string_size_;  // a place for it
    const std::uint8_t first = put_string(repeats ? before_ : code);
    if (repeats) string_.front() = first;
    if (before_ != none) add(before_, first);
    before_ = code;
    return true;
}

}  // namespace vignette
