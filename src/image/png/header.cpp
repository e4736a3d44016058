#include "image/png/png.h"

#include <limits>
#include <optional>
#include <utility>

#include "core/bytes_view.h"
#include "image/exif.h"
#include "image/png/crc32.h"
#include "image/png/parts.h"
#include "image/refusal.h"

namespace vignette {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t signature_size = 8;
constexpr std::size_t frame_size = 12;  // length and type before a chunk's data, checksum after it
constexpr std::size_t header_size = 13;

constexpr auto xmp_keyword = "XML:com.adobe.xmp\0"sv;  // compressed ones are not looked into

struct PngLayout {
    static constexpr std::uint32_t indexed = 3;

    Size size;
    std::uint32_t colour = 0;
};

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

bool layout_exists(std::uint32_t depth, std::uint32_t colour) {
    switch (colour) {
        case 0: return depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;
        case 2:
        case 4:
        case 6: return depth == 8 || depth == 16;
        case PngLayout::indexed: return depth == 1 || depth == 2 || depth == 4 || depth == 8;
        default: return false;
    }
}

Result<PngLayout> read_layout(const Chunk& chunk) {
    if (chunk.is("CgBI")) return fail_variant("a PNG of an iPhone app (CgBI)");
    const BytesView data = chunk.data();
    if (!chunk.is("IHDR") || data.size() != header_size)
        return fail_damaged(ImageFormat::png, "it does not begin with a header");
    if (!chunk.intact()) return fail_damaged(ImageFormat::png, "its header fails its checksum");
    constexpr auto most = static_cast<std::uint32_t>(std::numeric_limits<std::int32_t>::max());
    if (data.be32(0) > most || data.be32(4) > most || !layout_exists(data.u8(8), data.u8(9)) ||
        data.u8(10) != 0 || data.u8(11) != 0 || data.u8(12) > 1)
        return fail_damaged(ImageFormat::png, "its header holds values that no PNG has");
    const Size size{static_cast<std::int32_t>(data.be32(0)), static_cast<std::int32_t>(data.be32(4))};
    return PngLayout{size, data.u8(9)};
}

}  // namespace

Result<ImageHeader> read_png_header(std::span<const std::byte> encoded) {
    ChunkWalk walk(encoded);
    std::optional<Chunk> chunk = walk.next();
    if (!chunk) return fail_truncated(ImageFormat::png);
    const PngLayout layout = TRY(read_layout(*chunk));
    ImageHeader header{ImageFormat::png, layout.size};
    ExifFacts exif;
    std::span<const std::byte> xmp;
    while ((chunk = walk.next()) && !chunk->is("IDAT") && !chunk->is("IEND")) {
        if (chunk->is("eXIf")) exif = read_exif(chunk->data().bytes());
        if (chunk->is("iTXt") && chunk->data().has(0, xmp_keyword)) xmp = chunk->data().bytes();
    }
    header.orientation = orientation_of(exif, xmp);
    header.taken = std::move(exif.taken);
    return header;
}

namespace {

bool belongs_to_pixels(const Chunk& chunk) {
    return chunk.is("IEND") || chunk.is("IDAT") || chunk.is("IHDR") || chunk.is("PLTE") || chunk.is("tRNS");
}

void keep(Bytes& parts, const BytesView& piece) {
    parts.insert(parts.end(), piece.bytes().begin(), piece.bytes().end());
}

}  // namespace

Result<Bytes> read_png_parts(std::span<const std::byte> encoded) {
    ChunkWalk walk(encoded);
    std::optional<Chunk> chunk = walk.next();
    if (!chunk) return fail_truncated(ImageFormat::png);
    const PngLayout layout = TRY(read_layout(*chunk));
    Bytes parts;
    parts.reserve(encoded.size());
    keep(parts, BytesView(encoded.first(signature_size)));
    keep(parts, chunk->whole);
    bool has_colours = layout.colour != PngLayout::indexed;
    bool has_pixels = false;
    while ((chunk = walk.next())) {
        if (!belongs_to_pixels(*chunk)) continue;
        const bool is_data = chunk->is("IDAT");
        if (chunk->is("IHDR")) return fail_damaged(ImageFormat::png, "it has two headers");
        if (!chunk->intact()) return fail_damaged(ImageFormat::png, "a part of it fails its checksum");
        if (chunk->is("PLTE")) has_colours |= !has_pixels && chunk->data().size() >= 3;
        has_pixels |= is_data && chunk->data().size() > 0;
        if (is_data || !has_pixels || chunk->is("IEND")) keep(parts, chunk->whole);
        if (!chunk->is("IEND")) continue;
        if (!has_pixels || !has_colours) return fail_damaged(ImageFormat::png, "it lacks pixels or colours");
        return parts;
    }
    return fail_truncated(ImageFormat::png);
}

}  // namespace vignette
