#include "image/gif/gif.h"

#include <gif_lib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "image/gif/layout.h"
#include "image/gif/lzw.h"
#include "image/pixels.h"
#include "image/refusal.h"

namespace vignette {
namespace {

constexpr std::size_t gif_scratch = 1;  // the frame's indices

struct Source {
    std::span<const std::byte> left;
};

int read_some(GifFileType* file, GifByteType* to, int wanted) {
    auto& left = static_cast<Source*>(file->UserData)->left;
    const std::size_t count = std::min(left.size(), static_cast<std::size_t>(std::max(wanted, 0)));
    std::memcpy(to, left.data(), count);
    left = left.subspan(count);
    return static_cast<int>(count);
}

struct CloseGif {
    void operator()(GifFileType* file) const {
        int ignored = 0;
        DGifCloseFile(file, &ignored);
    }
};
using File = std::unique_ptr<GifFileType, CloseGif>;

bool skip_extension(GifFileType* file) {
    int code = 0;
    GifByteType* block = nullptr;
    if (DGifGetExtension(file, &code, &block) == GIF_ERROR) return false;
    while (block != nullptr) {
        if (DGifGetExtensionNext(file, &block) == GIF_ERROR) return false;
    }
    return true;
}

bool go_to_first_frame(GifFileType* file) {
    while (true) {
        GifRecordType type = UNDEFINED_RECORD_TYPE;
        if (DGifGetRecordType(file, &type) == GIF_ERROR) return false;
        if (type == IMAGE_DESC_RECORD_TYPE) return DGifGetImageDesc(file) != GIF_ERROR;
        if (type != EXTENSION_RECORD_TYPE || !skip_extension(file)) return false;
    }
}

// An interlaced frame stores its rows in four passes.
template <class ReadRow>
bool read_rows(const GifLayout& layout, std::span<std::uint8_t> indices, ReadRow&& read_row) {
    struct Pass {
        std::int32_t first, step;
    };
    constexpr std::array<Pass, 4> interlaced{{{0, 8}, {4, 8}, {2, 4}, {1, 2}}};
    constexpr std::array<Pass, 1> plain{{{0, 1}}};
    const std::span<const Pass> passes =
        layout.interlaced ? std::span<const Pass>(interlaced) : std::span<const Pass>(plain);
    const auto width = static_cast<std::size_t>(layout.frame.width);
    for (const auto& [first, step] : passes) {
        for (std::int32_t y = first; y < layout.frame.height; y += step) {
            if (!read_row(indices.subspan(static_cast<std::size_t>(y) * width, width))) return false;
        }
    }
    return true;
}

Result<void> read_indices(
    std::span<const std::byte> encoded, const GifLayout& layout, std::span<std::uint8_t> indices
) {
    Source source{encoded};
    int ignored = 0;
    const File file(DGifOpen(&source, read_some, &ignored));
    if (!file || !go_to_first_frame(file.get()) ||
        Size{file->Image.Width, file->Image.Height} != layout.frame)
        return fail_damaged(ImageFormat::gif, "its first frame cannot be read");
    const bool read = read_rows(layout, indices, [&](std::span<std::uint8_t> row) {
        return DGifGetLine(file.get(), row.data(), layout.frame.width) != GIF_ERROR;
    });
    if (!read) return fail_damaged(ImageFormat::gif, "its pixels cannot be decoded");
    return {};
}

// Allowed by the format and read by browsers, though a pixel never needs so many bits.
Result<void> read_wide_indices(const GifLayout& layout, std::span<std::uint8_t> indices) {
    if (layout.code_bits >= GifLzw::bits_max)
        return fail_damaged(ImageFormat::gif, "its codes have too many bits");
    GifLzw lzw(layout.packed, layout.code_bits);
    if (!read_rows(layout, indices, [&](std::span<std::uint8_t> row) { return lzw.read(row); }))
        return fail_damaged(ImageFormat::gif, "its pixels cannot be decoded");
    return {};
}

using Colours = std::array<std::array<std::uint8_t, 3>, 256>;

// An index past the palette's end is black, or a shade of grey if there is no palette; transparent pixels are
// white.
Colours colours_of(const GifLayout& layout) {
    Colours colours{};
    for (std::size_t i = 0; i < colours.size(); ++i) {
        for (std::size_t c = 0; c < 3; ++c) {
            const std::size_t at = i * 3 + c;
            const std::size_t other = layout.palette.size() == 0 ? i : 0;
            colours[i][c] =
                static_cast<std::uint8_t>(at < layout.palette.size() ? layout.palette.u8(at) : other);
        }
    }
    if (layout.transparent) colours[*layout.transparent].fill(255);
    return colours;
}

}  // namespace

Result<ImageHeader> read_gif_header(std::span<const std::byte> encoded) {
    const GifLayout layout = TRY(read_gif_layout(BytesView(encoded)));
    return ImageHeader{ImageFormat::gif, layout.canvas, 1, {}, gif_scratch};
}

Result<Image> decode_gif(std::span<const std::byte> encoded, Size size) {
    const GifLayout layout = TRY(read_gif_layout(BytesView(encoded)));
    ASSERT(layout.canvas == size);
    auto rows = at_wall(ErrorCode::out_of_memory, [&] {
        return Samples(static_cast<std::size_t>(layout.frame.pixels()));
    });
    if (!rows) return fail_out_of_memory(size);
    constexpr std::uint32_t giflibs_bits_max = 8;
    TRY(layout.code_bits > giflibs_bits_max ? read_wide_indices(layout, *rows)
                                            : read_indices(encoded, layout, *rows));

    Image image = TRY(allocate_image(size));
    const Colours colours = colours_of(layout);
    const std::array<std::uint8_t, 3> around = colours[layout.transparent.value_or(0)];
    for (std::size_t i = 0; i < image.rgb.size(); ++i) image.rgb[i] = around[i % 3];
    const auto width = static_cast<std::size_t>(layout.frame.width);
    for (std::size_t y = 0; y < static_cast<std::size_t>(layout.frame.height); ++y) {
        const std::size_t row =
            (static_cast<std::size_t>(layout.frame_at.height) + y) * static_cast<std::size_t>(size.width) +
            static_cast<std::size_t>(layout.frame_at.width);
        for (std::size_t x = 0; x < width; ++x)
            std::ranges::copy(
                colours[(*rows)[y * width + x]],
                image.rgb.begin() + static_cast<std::ptrdiff_t>((row + x) * 3)
            );
    }
    return image;
}

}  // namespace vignette
