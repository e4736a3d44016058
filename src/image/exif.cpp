#include "image/exif.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "image/bytes_view.h"

namespace vignette {
namespace {

using namespace std::string_view_literals;

constexpr auto prefix = "Exif\0\0"sv;
constexpr std::uint32_t orientation_tag = 0x0112;
constexpr std::uint32_t changed_tag = 0x0132;   // "DateTime"
constexpr std::uint32_t camera_tag = 0x8769;    // points to the directory of the camera's own facts
constexpr std::uint32_t original_tag = 0x9003;  // "DateTimeOriginal", in that directory
constexpr std::uint32_t ascii_type = 2;
constexpr std::uint32_t short_type = 3;
constexpr std::uint32_t long_type = 4;
constexpr std::size_t entry_size = 12;
constexpr auto date_pattern = "dddd:dd:dd dd:dd:dd"sv;

class Block {
public:
    explicit Block(const BytesView& view) : view_(view), big_endian_(view.has(0, "MM\0*"sv)) {}

    bool is_tiff() const { return (big_endian_ || view_.has(0, "II*\0"sv)) && view_.holds(4, 4); }
    std::size_t first_directory() const { return u32(4); }

    // Where in the block the entry of a tag begins.
    std::optional<std::size_t> find(std::size_t directory, std::uint32_t tag) const {
        if (!view_.holds(directory, 2)) return std::nullopt;
        const std::size_t entries = u16(directory);
        for (std::size_t i = 0; i < entries; ++i) {
            const std::size_t entry = directory + 2 + i * entry_size;
            if (!view_.holds(entry, entry_size)) return std::nullopt;
            if (u16(entry) == tag) return entry;
        }
        return std::nullopt;
    }

    std::optional<std::uint32_t> number(std::size_t directory, std::uint32_t tag) const {
        const std::optional<std::size_t> entry = find(directory, tag);
        if (!entry) return std::nullopt;
        const std::uint32_t type = u16(*entry + 2);
        if (type == short_type) return u16(*entry + 8);
        if (type == long_type) return u32(*entry + 8);
        return std::nullopt;
    }

    // "2026:05:01 12:30:00" as "2026-05-01T12:30:00".
    std::string date(std::size_t directory, std::uint32_t tag) const {
        const std::optional<std::size_t> entry = find(directory, tag);
        if (!entry || u16(*entry + 2) != ascii_type || u32(*entry + 4) < date_pattern.size()) return {};
        const std::size_t start = u32(*entry + 8);
        if (!view_.holds(start, date_pattern.size())) return {};
        std::string text;
        for (std::size_t i = 0; i < date_pattern.size(); ++i) {
            const char character = static_cast<char>(view_.u8(start + i));
            const bool digit = character >= '0' && character <= '9';
            if (date_pattern[i] == 'd' ? !digit : character != date_pattern[i]) return {};
            text += character;
        }
        if (text.starts_with("0000")) return {};  // what cameras write whose clock was never set
        text[4] = text[7] = '-';
        text[10] = 'T';
        return text;
    }

private:
    std::uint32_t u16(std::size_t offset) const {
        return big_endian_ ? view_.be16(offset) : view_.le16(offset);
    }
    std::uint32_t u32(std::size_t offset) const {
        return big_endian_ ? view_.be32(offset) : view_.le32(offset);
    }

    BytesView view_;
    bool big_endian_;
};

}  // namespace

ExifFacts read_exif(std::span<const std::byte> exif) {
    const BytesView whole(exif);
    const std::size_t start = whole.has(0, prefix) ? prefix.size() : 0;
    const Block block(whole.part(start, whole.size() - start));
    if (!block.is_tiff()) return {};
    const std::size_t first = block.first_directory();
    ExifFacts facts;
    const std::uint32_t orientation = block.number(first, orientation_tag).value_or(1);
    if (orientation >= 1 && orientation <= 8) facts.orientation = static_cast<int>(orientation);
    if (const auto camera = block.number(first, camera_tag)) facts.taken = block.date(*camera, original_tag);
    if (facts.taken.empty()) facts.taken = block.date(first, changed_tag);
    return facts;
}

}  // namespace vignette
