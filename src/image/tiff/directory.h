// Reads the directories of a TIFF: TIFF pictures, many camera raw files and EXIF blocks share this structure.
// The bytes are untrusted: no offset is believed, no directory is read twice, and the total amount read is
// bounded.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/bytes_view.h"

namespace vignette {

namespace tiff_tag {
inline constexpr std::uint32_t subfile_type = 254;
inline constexpr std::uint32_t width = 256;
inline constexpr std::uint32_t height = 257;
inline constexpr std::uint32_t bits = 258;
inline constexpr std::uint32_t compression = 259;
inline constexpr std::uint32_t colours = 262;
inline constexpr std::uint32_t strip_offsets = 273;
inline constexpr std::uint32_t orientation = 274;
inline constexpr std::uint32_t xmp = 700;
inline constexpr std::uint32_t channels = 277;
inline constexpr std::uint32_t strip_bytes = 279;
inline constexpr std::uint32_t planes = 284;
inline constexpr std::uint32_t date_time = 306;
inline constexpr std::uint32_t tile_width = 322;
inline constexpr std::uint32_t tile_height = 323;
inline constexpr std::uint32_t tile_offsets = 324;
inline constexpr std::uint32_t tile_bytes = 325;
inline constexpr std::uint32_t sub_directories = 330;
inline constexpr std::uint32_t extra_samples = 338;
inline constexpr std::uint32_t sample_format = 339;
inline constexpr std::uint32_t jpeg_offset = 513;
inline constexpr std::uint32_t jpeg_bytes = 514;
inline constexpr std::uint32_t exif_directory = 34665;
inline constexpr std::uint32_t date_time_original = 36867;
inline constexpr std::uint32_t dng_version = 50706;
inline constexpr std::uint32_t active_area = 50829;
}  // namespace tiff_tag

namespace tiff_compression {
inline constexpr std::uint32_t none = 1;
inline constexpr std::uint32_t old_jpeg = 6;
inline constexpr std::uint32_t jpeg = 7;
}  // namespace tiff_compression

namespace tiff_colours {
inline constexpr std::uint32_t rgb = 2;
inline constexpr std::uint32_t separated_inks = 5;
inline constexpr std::uint32_t ycbcr = 6;
inline constexpr std::uint32_t filter_array = 32803;
inline constexpr std::uint32_t linear_raw = 34892;
}  // namespace tiff_colours

struct TiffField {
    std::uint32_t tag = 0;
    std::uint32_t type = 0;
    bool big_endian = false;
    BytesView data;  // all values; inside the file

    // A BYTE, SHORT or LONG, or a signed one that is not negative; empty for other types and past the last
    // value.
    std::optional<std::uint32_t> number(std::size_t index = 0) const;
    // An ASCII value up to its first zero byte; empty for other types.
    std::string_view text() const;
};

struct TiffDirectory {
    enum class Role { chained, sub, exif };  // IFD0 and what follows it; in tag 330; in tag 34665

    Role role = Role::chained;
    std::vector<TiffField> fields;

    const TiffField* find(std::uint32_t tag) const;  // the first one, or null
    std::optional<std::uint32_t> number(std::uint32_t tag) const;
    std::string_view text(std::uint32_t tag) const;
};

struct Tiff {
    std::vector<TiffDirectory> directories;  // at least one; the first is IFD0
    bool truncated = false;                  // something was claimed to be past the end of the bytes

    const TiffDirectory& first() const { return directories.front(); }
};

inline constexpr std::size_t tiff_directories_max = 64;
inline constexpr std::size_t tiff_fields_max = 1024;  // per directory; fields after these are ignored

// Empty unless the bytes are a TIFF of either byte order; a BigTIFF, with its 64-bit offsets, does not count.
// Fields whose values are not inside the bytes are left out.
std::optional<Tiff> read_tiff(std::span<const std::byte> encoded);

}  // namespace vignette
