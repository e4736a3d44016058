#include "core/film_kind.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "vignette/invariant.h"

namespace vignette {
namespace {

using namespace std::string_view_literals;
using File = std::span<const std::byte>;

std::string_view text_at(File file, std::size_t offset, std::size_t bytes) {
    if (offset > file.size() || file.size() - offset < bytes) return {};
    return {reinterpret_cast<const char*>(file.data()) + offset, bytes};
}

bool has(File file, std::size_t offset, std::string_view what) {
    return text_at(file, offset, what.size()) == what;
}

// 0 if this reaches beyond the end.
std::uint64_t big_endian(File file, std::size_t offset, std::size_t bytes) {
    std::uint64_t value = 0;
    for (const char one : text_at(file, offset, bytes)) value = value << 8 | static_cast<unsigned char>(one);
    return value;
}

std::uint64_t little_endian_32(File file, std::size_t offset) {
    const std::uint64_t value = big_endian(file, offset, 4);
    return value >> 24 | (value >> 8 & 0xFF00) | (value << 8 & 0xFF0000) | (value << 24 & 0xFF000000);
}

bool is_picture_brand(std::string_view brand) {
    constexpr std::array brands{"avif"sv, "avis"sv, "heic"sv, "heix"sv, "hevc"sv,
                                "hevx"sv, "mif1"sv, "msf1"sv, "crx "sv};
    return std::ranges::find(brands, brand) != brands.end();
}

std::optional<FilmKind> iso_kind(File file) {
    const std::size_t end = std::min<std::size_t>({big_endian(file, 0, 4), file.size(), 256});
    for (std::size_t offset = 8; offset + 4 <= end; offset += 4) {
        if (is_picture_brand(text_at(file, offset, 4))) return std::nullopt;
    }
    return has(file, 8, "qt  ") ? FilmKind::mov : FilmKind::mp4;
}

// An MP4 is a sequence of boxes, each with a size and a name. Anything may follow the film's own boxes.
bool boxes_are_cut(File file) {
    for (std::size_t at = 0; file.size() - at >= 8;) {
        std::uint64_t size = big_endian(file, at, 4);
        if (size == 0) return false;  // up to the end of the file
        if (size == 1) size = big_endian(file, at + 8, 8);
        if (size < 8) return false;
        if (size > file.size() - at) {
            const std::string_view name = text_at(file, at + 4, 4);
            return name == "mdat" || name == "moov" || name == "moof";
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

EbmlSize ebml_size(File file, std::size_t offset) {
    const auto first = static_cast<unsigned>(big_endian(file, offset, 1));
    if (first == 0) return {};
    std::size_t bytes = 1;
    while ((first << (bytes - 1) & 0x80) == 0) ++bytes;
    const std::uint64_t most = (std::uint64_t{1} << 7 * bytes) - 1;
    const std::uint64_t value = big_endian(file, offset, bytes) & most;
    return {.value = value, .bytes = bytes, .unknown = value == most};
}

bool segment_is_cut(File file) {
    const EbmlSize header = ebml_size(file, 4);
    if (header.bytes == 0 || header.unknown || header.value > file.size()) return true;
    const std::size_t segment = 4 + header.bytes + header.value;
    if (segment + 4 > file.size()) return true;
    if (!has(file, segment, "\x18\x53\x80\x67")) return false;
    const EbmlSize size = ebml_size(file, segment + 4);
    if (size.unknown) return false;
    const std::size_t begin = segment + 4 + size.bytes;
    return size.bytes == 0 || begin > file.size() || size.value > file.size() - begin;
}

// An AVI of more than a gigabyte is a sequence of RIFFs.
bool riffs_are_cut(File file) {
    for (std::size_t at = 0; has(file, at, "RIFF");) {
        const std::uint64_t size = little_endian_32(file, at + 4);
        if (size == 0 || size == 0xFFFFFFFF) return false;  // still being recorded when this was written
        if (size + 8 > file.size() - at) return true;
        at += 8 + size + (size & 1);
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
    }
    panic("FilmKind out of range");
}

std::optional<FilmKind> film_kind(File file) {
    if (has(file, 4, "ftyp")) return iso_kind(file);
    for (const std::string_view box : {"moov"sv, "mdat"sv, "wide"sv}) {  // QuickTime from before brands
        if (has(file, 4, box)) return FilmKind::mov;
    }
    if (has(file, 0, "\x1A\x45\xDF\xA3")) {
        const std::size_t head = std::min<std::size_t>(file.size(), 64);
        return text_at(file, 0, head).contains("webm") ? FilmKind::webm : FilmKind::matroska;
    }
    if (has(file, 0, "RIFF") && has(file, 8, "AVI ")) return FilmKind::avi;
    return std::nullopt;
}

bool is_cut_short(File file, FilmKind kind) {
    switch (kind) {
        case FilmKind::mp4:
        case FilmKind::mov: return boxes_are_cut(file);
        case FilmKind::matroska:
        case FilmKind::webm: return segment_is_cut(file);
        case FilmKind::avi: return riffs_are_cut(file);
    }
    panic("FilmKind out of range");
}

}  // namespace vignette
