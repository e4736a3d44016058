#include "image/heif/hevc.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "image/heif/bit_reader.h"
#include "image/heif/iso_boxes.h"
#include "image/pixels.h"

namespace vignette {
namespace {

constexpr std::uint32_t sequence_parameters = 33;  // the type of the unit that holds the picture size
constexpr std::size_t looked_at = 256;             // in bytes: the size is near the beginning of the unit
constexpr std::int64_t side_max = 1 << 20;

// A 3 after two zeros is not data: it keeps a start code from appearing inside a unit.
BitReader bits_of(const BytesView& unit) {
    const std::size_t end = std::min(unit.size(), looked_at);
    std::vector<std::uint8_t> bytes;
    bytes.reserve(end);
    std::size_t zeros = 0;
    for (std::size_t i = 0; i < end; ++i) {
        const std::uint32_t byte = unit.u8(i);
        if (zeros >= 2 && byte == 3) {
            zeros = 0;
            continue;
        }
        zeros = byte == 0 ? zeros + 1 : 0;
        bytes.push_back(static_cast<std::uint8_t>(byte));
    }
    return BitReader(std::move(bytes));
}

void skip_profile(BitReader& bits, std::uint32_t layers) {
    constexpr std::size_t profile = 88;
    constexpr std::size_t level = 8;
    bits.skip(profile + level);
    std::size_t more = 0;
    for (std::uint32_t i = 0; i < layers; ++i) {
        if (bits.bit() == 1) more += profile;
        if (bits.bit() == 1) more += level;
    }
    if (layers > 0) bits.skip(std::size_t{2} * (8 - layers));
    bits.skip(more);
}

Size read_size(const BytesView& unit) {
    BitReader bits = bits_of(unit);
    bits.skip(16 + 4);  // the unit's header, and the parameter set it belongs to
    const std::uint32_t layers = bits.number(3);
    bits.skip(1);
    skip_profile(bits, layers);
    bits.exponential();
    constexpr std::int64_t full_chroma = 3;
    if (bits.exponential() == full_chroma) bits.skip(1);
    const std::int64_t width = std::min(bits.exponential(), side_max);
    const std::int64_t height = std::min(bits.exponential(), side_max);
    return {static_cast<std::int32_t>(width), static_cast<std::int32_t>(height)};
}

}  // namespace

std::optional<Size> read_hevc_size(const BytesView& configuration) {
    constexpr std::size_t fixed = 22;
    std::optional<Size> largest;
    ByteReader reader(configuration);
    reader.skip(fixed);
    for (std::uint32_t arrays = reader.u8(); arrays > 0 && reader.good(); --arrays) {
        const std::uint32_t type = reader.u8() & 0x3FU;
        for (std::uint32_t units = reader.u16(); units > 0 && reader.good(); --units) {
            const std::size_t length = reader.u16();
            const BytesView rest = reader.rest();
            reader.skip(length);
            if (!reader.good() || type != sequence_parameters) continue;
            keep_larger(largest, read_size(rest.part(0, length)));
        }
    }
    return largest;
}

std::optional<Size> read_hevc_stream_size(const BytesView& stream) {
    std::optional<Size> largest;
    ByteReader reader(stream);
    while (true) {
        const std::size_t length = reader.u32();
        const BytesView unit = reader.rest();
        reader.skip(length);
        if (!reader.good()) return largest;
        if (length > 0 && (unit.u8(0) >> 1 & 0x3FU) == sequence_parameters)
            keep_larger(largest, read_size(unit.part(0, length)));
    }
}

}  // namespace vignette
