#include "image/exif.h"

#include "image/bytes_view.h"

namespace vignette {
namespace {

constexpr std::uint32_t orientation_tag = 0x0112;
constexpr std::uint32_t short_type = 3;
constexpr std::size_t entry_size = 12;

}  // namespace

int read_orientation(std::span<const std::byte> exif) {
    using namespace std::string_view_literals;
    const BytesView view(exif);
    const bool big_endian = view.has(0, "MM\0*"sv);
    if (!big_endian && !view.has(0, "II*\0"sv)) return 1;
    const auto u16 = [&](std::size_t offset) { return big_endian ? view.be16(offset) : view.le16(offset); };
    const auto u32 = [&](std::size_t offset) { return big_endian ? view.be32(offset) : view.le32(offset); };

    if (!view.holds(4, 4)) return 1;
    const std::size_t directory = u32(4);
    if (!view.holds(directory, 2)) return 1;
    const std::size_t entries = u16(directory);
    for (std::size_t i = 0; i < entries; ++i) {
        const std::size_t entry = directory + 2 + i * entry_size;
        if (!view.holds(entry, entry_size)) return 1;
        if (u16(entry) != orientation_tag) continue;
        const std::uint32_t value = u16(entry + 8);
        return u16(entry + 2) == short_type && value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
    }
    return 1;
}

}  // namespace vignette
