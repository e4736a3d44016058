#include "image/tiff/directory.h"

#include <algorithm>

namespace vignette {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t entry_size = 12;
constexpr std::size_t inline_size = 4;  // values of up to this many bytes are stored in the entry itself

enum Type : std::uint32_t {
    byte_type = 1,
    ascii_type,
    short_type,
    long_type,
    rational_type,
    signed_short_type = 8,
    signed_long_type,
    ifd_type = 13
};

std::uint64_t size_of(std::uint32_t type) {
    switch (type) {
        case 1:  // BYTE, ASCII, SBYTE, UNDEFINED
        case 2:
        case 6:
        case 7: return 1;
        case 3:  // SHORT, SSHORT
        case 8: return 2;
        case 4:  // LONG, SLONG, FLOAT, IFD
        case 9:
        case 11:
        case 13: return 4;
        case 5:  // RATIONAL, SRATIONAL, DOUBLE
        case 10:
        case 12: return 8;
        default: return 0;
    }
}

std::uint32_t u16(const BytesView& view, std::size_t offset, bool big_endian) {
    return big_endian ? view.be16(offset) : view.le16(offset);
}

std::uint32_t u32(const BytesView& view, std::size_t offset, bool big_endian) {
    return big_endian ? view.be32(offset) : view.le32(offset);
}

class DirectoryWalk {
public:
    DirectoryWalk(const BytesView& view, bool big_endian) : view_(view), big_endian_(big_endian) {}

    std::optional<Tiff> from(std::size_t offset) {
        visit_later(offset, TiffDirectory::Role::chained);
        for (std::size_t i = 0; i < places_.size(); ++i) read_directory(places_[i]);
        if (tiff_.directories.empty()) return std::nullopt;
        return std::move(tiff_);
    }

private:
    struct Place {
        std::size_t offset;
        TiffDirectory::Role role;
    };

    void visit_later(std::size_t offset, TiffDirectory::Role role) {
        if (offset == 0 || places_.size() == tiff_directories_max) return;
        if (std::ranges::find(places_, offset, &Place::offset) == places_.end())
            places_.push_back({offset, role});
    }

    void read_directory(Place place) {
        if (!view_.holds(place.offset, 2)) {
            tiff_.truncated = true;
            return;
        }
        const std::size_t entries = u16(view_, place.offset, big_endian_);
        const std::size_t end = place.offset + 2 + entries * entry_size;
        TiffDirectory directory{place.role, {}};
        directory.fields.reserve(std::min(entries, tiff_fields_max));
        for (std::size_t i = 0; i < std::min(entries, tiff_fields_max); ++i) {
            const std::size_t entry = place.offset + 2 + i * entry_size;
            if (!view_.holds(entry, entry_size)) break;
            read_field(entry, directory);
        }
        if (view_.holds(end, inline_size)) {
            if (place.role == TiffDirectory::Role::chained)
                visit_later(u32(view_, end, big_endian_), TiffDirectory::Role::chained);
        } else {
            tiff_.truncated = true;
        }
        tiff_.directories.push_back(std::move(directory));
    }

    void read_field(std::size_t entry, TiffDirectory& directory) {
        const std::uint32_t tag = u16(view_, entry, big_endian_);
        const std::uint32_t type = u16(view_, entry + 2, big_endian_);
        const std::uint64_t size = size_of(type) * u32(view_, entry + 4, big_endian_);
        if (size == 0) return;
        const std::size_t offset = size <= inline_size ? entry + 8 : u32(view_, entry + 8, big_endian_);
        if (!view_.holds(offset, size)) {
            tiff_.truncated = true;
            return;
        }
        const TiffField field{tag, type, big_endian_, view_.part(offset, size)};
        if (tag == tiff_tag::exif_directory)
            visit_later(field.number().value_or(0), TiffDirectory::Role::exif);
        for (std::size_t i = 0; tag == tiff_tag::sub_directories && i < tiff_directories_max; ++i)
            visit_later(field.number(i).value_or(0), TiffDirectory::Role::sub);
        directory.fields.push_back(field);
    }

    BytesView view_;
    bool big_endian_;
    std::vector<Place> places_;
    Tiff tiff_;
};

}  // namespace

std::optional<std::uint32_t> TiffField::number(std::size_t index) const {
    const std::size_t size = size_of(type);
    const bool is_signed = type == signed_short_type || type == signed_long_type;
    if (type != byte_type && type != short_type && type != long_type && type != ifd_type && !is_signed)
        return std::nullopt;
    if (index >= data.size() / size) return std::nullopt;
    if (size == 1) return data.u8(index);
    const std::uint32_t value =
        size == 2 ? u16(data, index * size, big_endian) : u32(data, index * size, big_endian);
    const bool negative = is_signed && (value >> (8 * size - 1)) != 0;
    return negative ? std::nullopt : std::optional(value);
}

std::string_view TiffField::text() const {
    if (type != ascii_type) return {};
    const std::string_view all(reinterpret_cast<const char*>(data.bytes().data()), data.size());
    return all.substr(0, all.find('\0'));
}

const TiffField* TiffDirectory::find(std::uint32_t tag) const {
    const auto found = std::ranges::find(fields, tag, &TiffField::tag);
    return found == fields.end() ? nullptr : &*found;
}

std::optional<std::uint32_t> TiffDirectory::number(std::uint32_t tag) const {
    const TiffField* field = find(tag);
    return field != nullptr ? field->number() : std::nullopt;
}

std::string_view TiffDirectory::text(std::uint32_t tag) const {
    const TiffField* field = find(tag);
    return field != nullptr ? field->text() : std::string_view();
}

std::optional<Tiff> read_tiff(std::span<const std::byte> encoded) {
    const BytesView view(encoded);
    const bool big_endian = view.has(0, "MM\0*"sv);
    if ((!big_endian && !view.has(0, "II*\0"sv)) || !view.holds(4, 4)) return std::nullopt;
    return DirectoryWalk(view, big_endian).from(u32(view, 4, big_endian));
}

}  // namespace vignette
