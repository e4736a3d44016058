#include "image/heif/av1.h"

#include <algorithm>
#include <vector>

#include "image/heif/bit_reader.h"
#include "image/heif/iso_boxes.h"
#include "image/pixels.h"

namespace vignette {
namespace {

constexpr std::uint32_t sequence_header = 1;      // the type of the unit that holds the picture size
constexpr std::size_t sequence_bytes_max = 1024;  // of it: room for 32 full operating points

// The length in bits of the numbers about the decoder's buffer; 0 if there are none.
std::uint32_t read_timing(BitReader& bits) {
    if (!bits.flag()) return 0;
    bits.skip(32 + 32);
    if (bits.flag()) bits.exponential();
    if (!bits.flag()) return 0;
    const std::uint32_t delay_bits = bits.number(5) + 1;
    bits.skip(32 + 5 + 5);
    return delay_bits;
}

void skip_operating_points(BitReader& bits, std::uint32_t delay_bits) {
    constexpr std::uint32_t has_tier = 7;  // for levels above this
    const bool has_delays = bits.flag();
    for (std::uint32_t left = bits.number(5) + 1; left > 0; --left) {
        bits.skip(12);
        if (bits.number(5) > has_tier) bits.skip(1);
        if (delay_bits > 0 && bits.flag()) bits.skip(std::size_t{2} * delay_bits + 1);
        if (has_delays && bits.flag()) bits.skip(4);
    }
}

Size read_sequence(const BytesView& unit) {
    std::vector<std::uint8_t> bytes;
    for (std::size_t i = 0; i < std::min(unit.size(), sequence_bytes_max); ++i)
        bytes.push_back(static_cast<std::uint8_t>(unit.u8(i)));
    BitReader bits(std::move(bytes));
    bits.skip(3 + 1);
    if (bits.flag()) {  // a still picture has a reduced header
        bits.skip(5);
    } else {
        const std::uint32_t delay_bits = read_timing(bits);
        skip_operating_points(bits, delay_bits);
    }
    const int width_bits = static_cast<int>(bits.number(4)) + 1;
    const int height_bits = static_cast<int>(bits.number(4)) + 1;
    const std::uint32_t width = bits.number(width_bits) + 1;  // 65,536 at most
    const std::uint32_t height = bits.number(height_bits) + 1;
    return {static_cast<std::int32_t>(width), static_cast<std::int32_t>(height)};
}

// A unit without a size is the last one.
std::uint64_t read_length(ByteReader& reader, bool is_said) {
    if (!is_said) return reader.rest().size();
    std::uint64_t length = 0;
    for (int i = 0; i < 8; ++i) {  // seven bits a byte, the lowest first
        const std::uint64_t byte = reader.u8();
        length |= (byte & 0x7FU) << (7 * i);
        if ((byte & 0x80U) == 0) break;
    }
    return length;
}

}  // namespace

std::optional<Size> read_av1_size(const BytesView& stream) {
    std::optional<Size> largest;
    ByteReader reader(stream);
    while (true) {
        const std::uint32_t head = reader.u8();
        if ((head & 4U) != 0) reader.skip(1);
        const std::uint64_t length = read_length(reader, (head & 2U) != 0);
        const BytesView unit = reader.rest();
        reader.skip(length);
        if (!reader.good()) return largest;
        if ((head >> 3 & 15U) != sequence_header) continue;
        keep_larger(largest, read_sequence(unit.part(0, length)));
    }
}

}  // namespace vignette
