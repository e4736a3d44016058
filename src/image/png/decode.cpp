#include <libdeflate.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "image/alpha.h"
#include "image/pixels.h"
#include "image/png/filters.h"
#include "image/png/parts.h"
#include "image/png/png.h"
#include "image/refusal.h"

namespace vignette {
namespace {

using Colour = std::array<std::uint8_t, 3>;
constexpr Colour white{255, 255, 255};

// Some encoders write a little more than there are pixels.
constexpr std::size_t surplus_max = 64 * KiB;

// The pixels of a picture that one pass of the interlacing gives, or all of them.
struct Pass {
    std::int32_t x, y, dx, dy;
    Size size(Size whole) const {
        return {(whole.width - x + dx - 1) / dx, (whole.height - y + dy - 1) / dy};
    }
};
constexpr std::array<Pass, 1> all_at_once{{{0, 0, 1, 1}}};
constexpr std::array<Pass, 7> seven{
    {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}}
};

std::span<const Pass> passes_of(const PngLayout& layout) {
    return layout.interlaced ? std::span<const Pass>(seven) : std::span<const Pass>(all_at_once);
}

std::size_t unpacked_bytes(const PngLayout& layout) {
    std::size_t sum = 0;
    for (const Pass& pass : passes_of(layout)) {
        const Size size = pass.size(layout.size);
        if (size.width > 0 && size.height > 0)
            sum += (layout.row_bytes(size.width) + 1) * static_cast<std::size_t>(size.height);
    }
    return sum;
}

struct FreeInflater {
    void operator()(libdeflate_decompressor* inflater) const { libdeflate_free_decompressor(inflater); }
};

Result<Samples> inflate(const PngParts& parts) {
    const std::size_t wanted = unpacked_bytes(parts.layout);
    auto rows = at_wall(ErrorCode::out_of_memory, [&] { return Samples(wanted + surplus_max); });
    const std::unique_ptr<libdeflate_decompressor, FreeInflater> inflater(libdeflate_alloc_decompressor());
    if (!rows || !inflater) return fail_out_of_memory(parts.layout.size);
    std::size_t found = 0;
    const libdeflate_result result = libdeflate_zlib_decompress(
        inflater.get(), parts.data.data(), parts.data.size(), rows->data(), rows->size(), &found
    );
    if (result != LIBDEFLATE_SUCCESS || found < wanted)
        return fail_damaged(ImageFormat::png, "its pixels cannot be decoded");
    return std::move(*rows);
}

// One row's samples as colours over white.
class Painter {
public:
    explicit Painter(const PngParts& parts) : layout_(parts.layout) {
        if (layout_.depth <= 8 && layout_.channels() == 1) fill_table(parts);
        const std::size_t needed = layout_.colour == PngLayout::rgb ? 6 : 2;
        const bool has_key = layout_.colour == PngLayout::rgb || layout_.colour == PngLayout::grey;
        if (has_key && parts.transparency.size() >= needed) key_ = parts.transparency;
    }

    void paint(std::span<const std::uint8_t> row, std::span<std::uint8_t> rgb) const {
        if (layout_.depth < 8) return paint_small(row, rgb);
        if (layout_.depth == 8 && layout_.channels() == 1) {
            for (std::size_t x = 0; x < row.size(); ++x) std::ranges::copy(table_[row[x]], &rgb[3 * x]);
            return;
        }
        if (layout_.depth == 8 && layout_.colour == PngLayout::rgba) return blend_over_white(row, rgb);
        if (layout_.depth == 8 && layout_.colour == PngLayout::rgb && !key_) {
            std::ranges::copy(row, rgb.begin());
            return;
        }
        const std::size_t step = layout_.pixel_bytes();
        for (std::size_t from = 0, to = 0; to < rgb.size(); from += step, to += 3)
            std::ranges::copy(colour_of(row.subspan(from, step)), &rgb[to]);
    }

private:
    void fill_table(const PngParts& parts) {
        const bool indexed = layout_.colour == PngLayout::indexed;
        const std::uint32_t most = (1U << layout_.depth) - 1;
        for (std::uint32_t i = 0; i <= most; ++i) {
            Colour& colour = table_[i];
            if (!indexed) {
                colour.fill(static_cast<std::uint8_t>(i * 255 / most));
                const BytesView& key = parts.transparency;
                if (key.size() >= 2 && (key.be16(0) & most) == i) colour = white;
                continue;
            }
            const std::uint32_t alpha = i < parts.transparency.size() ? parts.transparency.u8(i) : 255;
            for (std::size_t c = 0; c < 3; ++c) {
                const std::size_t at = std::size_t{3} * i + c;
                colour[c] = over_white(at < parts.palette.size() ? parts.palette.u8(at) : 0, alpha);
            }
        }
    }

    void paint_small(std::span<const std::uint8_t> row, std::span<std::uint8_t> rgb) const {
        const std::size_t bits = layout_.depth;
        const unsigned mask = (1U << bits) - 1;
        for (std::size_t to = 0, at = 0; to < rgb.size(); to += 3, at += bits) {
            const unsigned byte = row[at / 8];
            const unsigned index = byte >> (8 - bits - at % 8) & mask;
            std::ranges::copy(table_[index], &rgb[to]);
        }
    }

    // Any other layout. Only the high byte of a sample is shown; the transparent colour is compared as a
    // whole.
    Colour colour_of(std::span<const std::uint8_t> pixel) const {
        const std::size_t wide = layout_.depth / 8;
        if (key_ && is_key(pixel, wide)) return white;
        const bool grey = layout_.channels() <= 2;
        Colour colour{};
        for (std::size_t c = 0; c < 3; ++c) colour[c] = pixel[grey ? 0 : c * wide];
        if (layout_.channels() % 2 == 1) return colour;
        const unsigned alpha = pixel[pixel.size() - wide];
        for (std::uint8_t& sample : colour) sample = over_white(sample, alpha);
        return colour;
    }

    bool is_key(std::span<const std::uint8_t> pixel, std::size_t wide) const {
        for (std::size_t c = 0; c < layout_.channels(); ++c) {
            std::uint32_t sample = pixel[wide * c];
            if (wide == 2) sample = sample << 8 | pixel[2 * c + 1];
            const std::uint32_t key = wide == 2 ? key_->be16(2 * c) : key_->u8(2 * c + 1);
            if (sample != key) return false;
        }
        return true;
    }

    PngLayout layout_;
    std::array<Colour, 256> table_{};
    std::optional<BytesView> key_;
};

// Lays the pixels of a pass where they belong.
void scatter(std::span<const std::uint8_t> rgb, const Pass& pass, std::int32_t row, Image& image) {
    const auto width = static_cast<std::size_t>(image.size.width);
    std::size_t to =
        (static_cast<std::size_t>(pass.y + row * pass.dy) * width + static_cast<std::size_t>(pass.x)) * 3;
    for (std::size_t from = 0; from < rgb.size(); from += 3) {
        std::ranges::copy(rgb.subspan(from, 3), &image.rgb[to]);
        to += static_cast<std::size_t>(pass.dx) * 3;
    }
}

}  // namespace

Result<Image> decode_png(std::span<const std::byte> encoded, Size size) {
    const PngParts parts = TRY(read_png_parts(encoded));
    const PngLayout& layout = parts.layout;
    ASSERT(layout.size == size);
    Samples rows = TRY(inflate(parts));
    Image image = TRY(allocate_image(size));
    const Painter painter(parts);
    std::size_t offset = 0;
    std::vector<std::uint8_t> painted(layout.interlaced ? static_cast<std::size_t>(size.width) * 3 : 0);
    const std::vector<std::uint8_t> nothing(layout.row_bytes(size.width) + png_row_slack);
    for (const Pass& pass : passes_of(layout)) {
        const Size part = pass.size(size);
        if (part.width <= 0) continue;
        const std::size_t length = layout.row_bytes(part.width);
        const std::size_t shown = static_cast<std::size_t>(part.width) * 3;
        std::span<const std::uint8_t> above = std::span(nothing).first(length);
        for (std::int32_t y = 0; y < part.height; ++y) {
            const std::uint32_t filter = rows[offset];
            const std::span<std::uint8_t> row = std::span(rows).subspan(offset + 1, length);
            if (!undo_png_filter(filter, row, above, layout.pixel_bytes()))
                return fail_damaged(ImageFormat::png, "its pixels cannot be decoded");
            if (layout.interlaced) {
                painter.paint(row, std::span(painted).first(shown));
                scatter(std::span(painted).first(shown), pass, y, image);
            } else {
                painter.paint(row, std::span(image.rgb).subspan(static_cast<std::size_t>(y) * shown, shown));
            }
            above = row;
            offset += length + 1;
        }
    }
    return image;
}

}  // namespace vignette
