#include "image/png.h"

#include <limits>
#include <optional>
#include <string>

#include "image/bytes_view.h"
#include "image/crc32.h"
#include "image/exif.h"
#include "image/pixels.h"
#include "image/sniff.h"
#include "vignette/bytes.h"

namespace vignette {
namespace {

constexpr std::size_t signature_size = 8;
constexpr std::size_t frame_size = 12;  // length and type before a chunk's data, checksum behind
constexpr std::size_t header_size = 13;
constexpr std::uint32_t indexed = 3;  // the colour type of pixels that point into a palette

struct Chunk {
    BytesView whole;
    BytesView data() const { return whole.part(8, whole.size() - frame_size); }
    bool is(std::string_view type) const { return whole.has(4, type); }
    bool intact() const {
        return crc32(whole.part(4, whole.size() - 8).bytes()) == whole.be32(whole.size() - 4);
    }
};

class ChunkWalk {
public:
    explicit ChunkWalk(std::span<const std::byte> encoded) : view_(encoded) {}

    // Empty when the file ends before the chunk does.
    std::optional<Chunk> next() {
        if (!view_.holds(offset_, frame_size)) return std::nullopt;
        const std::size_t size = frame_size + view_.be32(offset_);
        if (!view_.holds(offset_, size)) return std::nullopt;
        const Chunk chunk{view_.part(offset_, size)};
        offset_ += size;
        return chunk;
    }

private:
    BytesView view_;
    std::size_t offset_ = signature_size;
};

// What libpng would refuse, and announce on standard error.
bool layout_exists(std::uint32_t depth, std::uint32_t colour) {
    switch (colour) {
        case 0: return depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;
        case 2:
        case 4:
        case 6: return depth == 8 || depth == 16;
        case indexed: return depth == 1 || depth == 2 || depth == 4 || depth == 8;
        default: return false;
    }
}

Result<Size> read_size(const Chunk& chunk) {
    if (chunk.is("CgBI")) return fail_variant("a PNG of an iPhone app (CgBI)");
    const BytesView data = chunk.data();
    if (!chunk.is("IHDR") || data.size() != header_size)
        return fail_damaged(ImageFormat::png, "it does not begin with a header");
    if (!chunk.intact()) return fail_damaged(ImageFormat::png, "its header fails its checksum");
    constexpr auto most = static_cast<std::uint32_t>(std::numeric_limits<std::int32_t>::max());
    if (data.be32(0) > most || data.be32(4) > most || !layout_exists(data.u8(8), data.u8(9)) ||
        data.u8(10) != 0 || data.u8(11) != 0 || data.u8(12) > 1)
        return fail_damaged(ImageFormat::png, "its header holds values that no PNG has");
    return Size{static_cast<std::int32_t>(data.be32(0)), static_cast<std::int32_t>(data.be32(4))};
}

// Only the chunks that pixels come from, and these checked. Colour profiles, texts and times are parsers'
// work that pays nothing here; libpng's most frequent complaints are about profiles, and it makes them on
// standard error.
Result<Bytes> keep_pixels(std::span<const std::byte> encoded) {
    Bytes kept;
    kept.reserve(encoded.size());
    const auto keep = [&](std::span<const std::byte> bytes) {
        kept.insert(kept.end(), bytes.begin(), bytes.end());
    };
    keep(encoded.first(signature_size));
    constexpr std::size_t colour_offset = signature_size + 8 + 9;
    bool has_palette = BytesView(encoded).u8(colour_offset) != indexed;
    bool has_data = false;
    ChunkWalk walk(encoded);
    while (const std::optional<Chunk> chunk = walk.next()) {
        const bool end = chunk->is("IEND");
        if (!end && !chunk->is("IHDR") && !chunk->is("PLTE") && !chunk->is("IDAT")) continue;
        if (chunk->is("IHDR") && kept.size() > signature_size)
            return fail_damaged(ImageFormat::png, "it has two headers");
        if (!chunk->intact()) return fail_damaged(ImageFormat::png, "a part of it fails its checksum");
        keep(chunk->whole.bytes());
        has_palette = has_palette || (chunk->is("PLTE") && !has_data);
        has_data = has_data || chunk->is("IDAT");
        if (end && !(has_palette && has_data))
            return fail_damaged(ImageFormat::png, "it lacks pixels or colours");
        if (end) return kept;
    }
    return fail_truncated(ImageFormat::png);
}

}  // namespace

Result<ImageHeader> read_png_header(std::span<const std::byte> encoded) {
    ChunkWalk walk(encoded);
    std::optional<Chunk> chunk = walk.next();
    if (!chunk) return fail_truncated(ImageFormat::png);
    ImageHeader header{ImageFormat::png, TRY(read_size(*chunk)), 1};
    while ((chunk = walk.next()) && !chunk->is("IDAT") && !chunk->is("IEND")) {
        if (!chunk->is("eXIf")) continue;
        const auto [orientation, taken] = read_exif(chunk->data().bytes());
        header.orientation = orientation;
        header.taken = taken;
    }
    return header;
}

Result<Image> decode_png(std::span<const std::byte> encoded, Size size) {
    return decode_with_opencv(TRY(keep_pixels(encoded)), ImageFormat::png, size);
}

}  // namespace vignette
