#include "image/gif/layout.h"

#include <algorithm>

#include "image/pixels.h"
#include "image/refusal.h"

namespace vignette {
namespace {

constexpr std::size_t screen_end = 13;  // after the signature and the description of the canvas
constexpr std::uint32_t extension = 0x21;
constexpr std::uint32_t graphic_control = 0xF9;
constexpr std::uint32_t image_descriptor = 0x2C;
constexpr std::uint32_t trailer = 0x3B;

std::size_t palette_bytes(std::uint32_t flags) {
    return (flags & 0x80U) != 0 ? std::size_t{3} << ((flags & 7U) + 1) : 0;
}

class GifWalk {
public:
    explicit GifWalk(const BytesView& view) : view_(view) {}

    Result<BytesView> read(std::size_t bytes) {
        if (!view_.holds(offset_, bytes)) return fail_truncated(ImageFormat::gif);
        const BytesView part = view_.part(offset_, bytes);
        offset_ += bytes;
        return part;
    }

    BytesView rest() const { return view_.part(offset_, view_.size() - offset_); }

    // Data comes in blocks of up to 255 bytes; an empty one ends it.
    Result<void> skip_blocks() {
        while (const std::uint32_t length = TRY(read(1)).u8(0)) TRY(read(length));
        return {};
    }

private:
    BytesView view_;
    std::size_t offset_ = 0;
};

Result<void> read_extension(GifWalk& walk, GifLayout& layout) {
    const std::uint32_t label = TRY(walk.read(1)).u8(0);
    if (label != graphic_control) return walk.skip_blocks();
    const std::uint32_t length = TRY(walk.read(1)).u8(0);
    if (length == 0) return {};
    const BytesView control = TRY(walk.read(length));
    if (length >= 4 && (control.u8(0) & 1U) != 0) layout.transparent = control.u8(3);
    return walk.skip_blocks();
}

// The canvas grows if the first frame does not fit on it.
Result<void> read_frame(GifWalk& walk, GifLayout& layout) {
    const BytesView frame = TRY(walk.read(9));
    layout.frame_at = make_size(frame.le16(0), frame.le16(2));
    layout.frame = make_size(frame.le16(4), frame.le16(6));
    layout.canvas.width = std::max(layout.canvas.width, layout.frame_at.width + layout.frame.width);
    layout.canvas.height = std::max(layout.canvas.height, layout.frame_at.height + layout.frame.height);
    const BytesView own = TRY(walk.read(palette_bytes(frame.u8(8))));
    if (own.size() > 0) layout.palette = own;
    if (layout.frame.pixels() == 0) return fail_damaged(ImageFormat::gif, "its first frame has no pixels");
    layout.interlaced = (frame.u8(8) & 0x40U) != 0;
    layout.code_bits = TRY(walk.read(1)).u8(0);
    layout.packed = walk.rest();
    return walk.skip_blocks();
}

}  // namespace

Result<GifLayout> read_gif_layout(const BytesView& view) {
    GifWalk walk(view);
    const BytesView screen = TRY(walk.read(screen_end));
    GifLayout layout;
    layout.canvas = make_size(screen.le16(6), screen.le16(8));
    layout.palette = TRY(walk.read(palette_bytes(screen.u8(10))));
    while (true) {
        switch (TRY(walk.read(1)).u8(0)) {
            case extension: TRY(read_extension(walk, layout)); break;
            case image_descriptor: TRY(read_frame(walk, layout)); return layout;
            case trailer: return fail_damaged(ImageFormat::gif, "it has no frames");
            default: return fail_damaged(ImageFormat::gif, "it contains a block of an unknown kind");
        }
    }
}

}  // namespace vignette
