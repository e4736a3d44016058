#include "image/gif/gif.h"

#include <gif_lib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "image/gif/layout.h"
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
bool read_rows(GifFileType* file, Size frame, std::span<std::uint8_t> indices) {
    struct Pass {
        std::int32_t first, step;
    };
    constexpr std::array<Pass, 4> interlaced{{{0, 8}, {4, 8}, {2, 4}, {1, 2}}};
    constexpr std::array<Pass, 1> plain{{{0, 1}}};
    const std::span<const Pass> passes =
        file->Image.Interlace ? std::span<const Pass>(interlaced) : std::span<const Pass>(plain);
    const auto width = static_cast<std::size_t>(frame.width);
    for (const auto& [first, step] : passes) {
        for (std::int32_t y = first; y < frame.height; y += step) {
            const std::span<std::uint8_t> row = indices.subspan(static_cast<std::size_t>(y) * width, width);
            if (DGifGetLine(file, row.data(), frame.width) == GIF_ERROR) return false;
        }
    }
    return true;
}

using Colours = std::array<std::array<std::uint8_t, 3>, 256>;

// An index past the palette's end is a shade of grey; transparent pixels are white.
Colours colours_of(const GifLayout& layout) {
    Colours colours{};
    for (std::size_t i = 0; i < colours.size(); ++i) {
        for (std::size_t c = 0; c < 3; ++c) {
            const std::size_t at = i * 3 + c;
            colours[i][c] = static_cast<std::uint8_t>(at < layout.palette.size() ? layout.palette.u8(at) : i);
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
    Source source{encoded};
    int ignored = 0;
    const File file(DGifOpen(&source, read_some, &ignored));
    if (!file || !go_to_first_frame(file.get()) ||
        Size{file->Image.Width, file->Image.Height} != layout.frame)
        return fail_damaged(ImageFormat::gif, "its first frame cannot be read");
    auto rows = at_wall(ErrorCode::out_of_memory, [&] {
        return Samples(static_cast<std::size_t>(layout.frame.pixels()));
    });
    if (!rows) return fail_out_of_memory(size);
    if (!read_rows(file.get(), layout.frame, *rows))
        return fail_damaged(ImageFormat::gif, "its pixels cannot be decoded");

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
