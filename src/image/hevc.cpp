#include "image/hevc.h"

#include <algorithm>
#include <bit>
#include <vector>

#include "image/iso_boxes.h"

namespace vignette {
namespace {

constexpr std::uint32_t sequence_parameters = 33;  // the type of the unit that holds a picture's size
constexpr std::size_t looked_at = 256;             // bytes of it: the size stands near its beginning
constexpr std::int64_t side_max = 1 << 20;

// A unit's bits; past its end there are only zeros.
class Bits {
public:
    // A 3 behind two zeros is no data: it keeps the start of a unit from appearing inside one.
    explicit Bits(const BytesView& unit) {
        const std::size_t end = std::min(unit.size(), looked_at);
        bytes_.reserve(end);
        std::size_t zeros = 0;
        for (std::size_t i = 0; i < end; ++i) {
            const std::uint32_t byte = unit.u8(i);
            if (zeros >= 2 && byte == 3) {
                zeros = 0;
                continue;
            }
            zeros = byte == 0 ? zeros + 1 : 0;
            bytes_.push_back(static_cast<std::uint8_t>(byte));
        }
    }

    std::uint32_t bit() {
        const std::size_t at = offset_++;
        if (at / 8 >= bytes_.size()) return 0;
        const std::uint32_t byte = bytes_[at / 8];
        return byte >> (7 - at % 8) & 1U;
    }
    void skip(std::size_t count) { offset_ += count; }

    // As many zeros, a one, and as many bits again.
    std::int64_t exponential() {
        int zeros = 0;
        while (zeros < 32 && bit() == 0) ++zeros;
        std::int64_t value = 1;
        for (int i = 0; i < zeros; ++i) value = value << 1 | bit();
        return value - 1;
    }

private:
    std::vector<std::uint8_t> bytes_;
    std::size_t offset_ = 0;
};

void skip_profile(Bits& bits, std::uint32_t layers) {
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
    Bits bits(unit);
    bits.skip(16 + 4);  // the unit's own head, and which parameters these belong to
    const std::uint32_t layers = bits.bit() << 2 | bits.bit() << 1 | bits.bit();
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
    BoxReader reader(configuration);
    reader.skip(fixed);
    for (std::uint32_t arrays = reader.u8(); arrays > 0 && reader.good(); --arrays) {
        const std::uint32_t type = reader.u8() & 0x3FU;
        for (std::uint32_t units = reader.u16(); units > 0 && reader.good(); --units) {
            const std::size_t length = reader.u16();
            const BytesView rest = reader.rest();
            reader.skip(length);
            if (!reader.good() || type != sequence_parameters) continue;
            const Size size = read_size(rest.part(0, length));
            if (!largest || size.pixels() > largest->pixels()) largest = size;
        }
    }
    return largest;
}

}  // namespace vignette
