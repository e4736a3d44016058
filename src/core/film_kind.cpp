#include "core/film_kind.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "core/bytes_view.h"
#include "vignette/invariant.h"

namespace vignette {
namespace {

using namespace std::string_view_literals;
bool has_picture_brand(const BytesView& file, std::size_t offset) {
    constexpr std::array brands{"avif"sv, "avis"sv, "heic"sv, "heix"sv, "hevc"sv,
                                "hevx"sv, "mif1"sv, "msf1"sv, "crx "sv};
    return std::ranges::any_of(brands, [&](std::string_view brand) { return file.has(offset, brand); });
}

std::optional<FilmKind> iso_kind(const BytesView& file) {
    const std::size_t end = std::min<std::size_t>({file.be32(0), file.size(), 256});
    for (std::size_t offset = 8; offset + 4 <= end; offset += 4) {
        if (has_picture_brand(file, offset)) return std::nullopt;
    }
    return file.has(8, "qt  ") ? FilmKind::mov : FilmKind::mp4;
}

// An MP4 is a sequence of boxes, each with a size and a name. Anything may follow the film's own boxes.
bool boxes_are_cut(const BytesView& file) {
    for (std::size_t at = 0; file.holds(at, 8);) {
        std::uint64_t size = file.be32(at);
        if (size == 0) return false;  // up to the end of the file
        if (size == 1 && file.holds(at, 16)) size = file.be64(at + 8);
        if (size < 8) return false;
        if (size > file.size() - at) {
            return file.has(at + 4, "mdat") || file.has(at + 4, "moov") || file.has(at + 4, "moof");
        }
        at += size;
    }
    return false;
}

struct EbmlSize {
    std::uint64_t value = 0;
    std::size_t bytes = 0;  // 0: not a size
    bool unknown = false;
};

EbmlSize ebml_size(const BytesView& file, std::size_t offset) {
    if (!file.holds(offset, 1) || file.u8(offset) == 0) return {};
    const std::uint32_t first = file.u8(offset);
    std::size_t bytes = 1;
    while ((first << (bytes - 1) & 0x80) == 0) ++bytes;
    if (!file.holds(offset, bytes)) return {};
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i) value = value << 8 | file.u8(offset + i);
    const std::uint64_t most = (std::uint64_t{1} << 7 * bytes) - 1;
    value &= most;
    return {.value = value, .bytes = bytes, .unknown = value == most};
}

bool segment_is_cut(const BytesView& file) {
    const EbmlSize header = ebml_size(file, 4);
    if (header.bytes == 0 || header.unknown || header.value > file.size()) return true;
    const std::size_t segment = 4 + header.bytes + header.value;
    if (segment + 4 > file.size()) return true;
    if (!file.has(segment, "\x18\x53\x80\x67")) return false;
    const EbmlSize size = ebml_size(file, segment + 4);
    if (size.unknown) return false;
    const std::size_t begin = segment + 4 + size.bytes;
    return size.bytes == 0 || begin > file.size() || size.value > file.size() - begin;
}

// An AVI of more than a gigabyte is a sequence of RIFFs.
bool riffs_are_cut(const BytesView& file) {
    for (std::size_t at = 0; file.has(at, "RIFF") && file.holds(at, 8);) {
        const std::uint64_t size = file.le32(at + 4);
        if (size == 0 || size == 0xFFFFFFFF) return false;  // still being recorded when this was written
        if (size + 8 > file.size() - at) return true;
        at += 8 + size + (size & 1);
    }
    return false;
}

// An Ogg is a sequence of pages, each with up to 255 segments whose sizes it lists.
bool pages_are_cut(const BytesView& file) {
    constexpr std::size_t fixed_bytes = 27;
    std::size_t at = 0;
    while (file.has(at, "OggS")) {
        if (!file.holds(at, fixed_bytes)) return true;
        const std::size_t segments = file.u8(at + fixed_bytes - 1);
        if (!file.holds(at + fixed_bytes, segments)) return true;
        std::size_t size = fixed_bytes + segments;
        for (std::size_t i = 0; i < segments; ++i) size += file.u8(at + fixed_bytes + i);
        if (!file.holds(at, size)) return true;
        at += size;
    }
    return false;
}

}  // namespace

std::string_view to_text(FilmKind kind) {
    switch (kind) {
        case FilmKind::mp4: return "mp4";
        case FilmKind::mov: return "mov";
        case FilmKind::matroska: return "matroska";
        case FilmKind::webm: return "webm";
        case FilmKind::avi: return "avi";
        case FilmKind::ogg: return "ogg";
    }
    panic("FilmKind out of range");
}

std::optional<FilmKind> film_kind(std::span<const std::byte> bytes) {
    const BytesView file(bytes);
    if (file.has(4, "ftyp")) return iso_kind(file);
    for (const std::string_view box : {"moov"sv, "mdat"sv, "wide"sv}) {  // QuickTime from before brands
        if (file.has(4, box)) return FilmKind::mov;
    }
    if (file.has(0, "\x1A\x45\xDF\xA3")) {
        for (std::size_t offset = 4; offset <= 60; ++offset) {
            if (file.has(offset, "webm")) return FilmKind::webm;
        }
        return FilmKind::matroska;
    }
    if (file.has(0, "RIFF") && file.has(8, "AVI ")) return FilmKind::avi;
    if (file.has(0, "OggS")) return FilmKind::ogg;
    return std::nullopt;
}

bool is_cut_short(std::span<const std::byte> bytes, FilmKind kind) {
    const BytesView file(bytes);
    switch (kind) {
        case FilmKind::mp4:
        case FilmKind::mov: return boxes_are_cut(file);
        case FilmKind::matroska:
        case FilmKind::webm: return segment_is_cut(file);
        case FilmKind::avi: return riffs_are_cut(file);
        case FilmKind::ogg: return pages_are_cut(file);
    }
    panic("FilmKind out of range");
}

}  // namespace vignette
