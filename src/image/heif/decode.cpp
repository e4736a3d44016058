#include "image/heif/heif.h"

#include <libheif/heif.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "image/alpha.h"
#include "image/pixels.h"
#include "image/refusal.h"

namespace vignette {
namespace {

template <auto release>
struct Releaser {
    template <class T>
    void operator()(T* thing) const {
        release(thing);
    }
};
using Context = std::unique_ptr<heif_context, Releaser<heif_context_free>>;
using Handle = std::unique_ptr<const heif_image_handle, Releaser<heif_image_handle_release>>;
using HeifImage = std::unique_ptr<const heif_image, Releaser<heif_image_release>>;
using Options = std::unique_ptr<heif_decoding_options, Releaser<heif_decoding_options_free>>;

constexpr int tile_side = 4096;  // a tile may be larger than the picture cropped from it

Result<void> check(const heif_error& error, const ImageHeader& header) {
    if (error.code == heif_error_Ok) return {};
    const bool over_limit = error.subcode == heif_suberror_Security_limit_exceeded;
    if (error.code == heif_error_Memory_allocation_error && !over_limit)
        return fail_out_of_memory(header.size);
    if (over_limit) return fail_damaged(header.format, "its headers contradict each other");
    if (error.code == heif_error_Unsupported_filetype || error.code == heif_error_Unsupported_feature)
        return fail_variant("an unusual kind of " + std::string(name_of(header.format)));
    if (error.subcode == heif_suberror_End_of_data) return fail_truncated(header.format);
    return fail_damaged(header.format, "its pixels cannot be decoded");
}

Result<Handle> open(heif_context* context, std::span<const std::byte> encoded, const ImageHeader& header) {
    heif_context_set_max_decoding_threads(context, 0);  // several threads decode pictures already
    const int longest = std::max({header.size.width, header.size.height, tile_side});
    heif_context_set_maximum_image_size_limit(
        context, longest + longest / 4  // coded sides are padded to whole blocks
    );
    TRY(check(
        heif_context_read_from_memory_without_copy(context, encoded.data(), encoded.size(), nullptr), header
    ));
    heif_image_handle* primary = nullptr;
    TRY(check(heif_context_get_primary_image_handle(context, &primary), header));
    return Handle(primary);
}

struct PixelKind {
    heif_colorspace space;
    heif_chroma chroma;
};
constexpr PixelKind as_grey{heif_colorspace_monochrome, heif_chroma_monochrome};
constexpr PixelKind as_rgb{heif_colorspace_RGB, heif_chroma_interleaved_RGB};
constexpr PixelKind as_rgba{heif_colorspace_RGB, heif_chroma_interleaved_RGBA};

Result<HeifImage> decode(const heif_image_handle* handle, PixelKind kind, const ImageHeader& header) {
    const Options options(heif_decoding_options_alloc());
    if (!options) return fail_out_of_memory(header.size);
    options->convert_hdr_to_8bit = 1;
    // Not strict_decoding: libheif 1.15 would reject the whole picture for an unknown name of its colours.
    heif_image* made = nullptr;
    const heif_error error = heif_decode_image(handle, &made, kind.space, kind.chroma, options.get());
    HeifImage pixels(made);
    TRY(check(error, header));
    return pixels;
}

bool has_limited_range(const heif_image* image) {
    heif_color_profile_nclx* profile = nullptr;
    const bool is_known = heif_image_get_nclx_color_profile(image, &profile).code == heif_error_Ok;
    const bool is_limited = is_known && profile->full_range_flag == 0;
    heif_nclx_color_profile_free(profile);  // also made where its values are wrong
    return is_limited;
}

// libheif 1.15 shows grey from 16 to 235 as it is. Nothing if the picture is not of that kind.
Result<std::optional<Image>> decode_limited_grey(const heif_image_handle* handle, const ImageHeader& header) {
    if (!header.grey || heif_image_handle_get_luma_bits_per_pixel(handle) != 8) return std::nullopt;
    const HeifImage pixels = TRY(decode(handle, as_grey, header));
    if (!has_limited_range(pixels.get())) return std::nullopt;
    const Size size{
        heif_image_get_width(pixels.get(), heif_channel_Y),
        heif_image_get_height(pixels.get(), heif_channel_Y)
    };
    int stride = 0;
    const std::uint8_t* data = heif_image_get_plane_readonly(pixels.get(), heif_channel_Y, &stride);
    if (data == nullptr || size.width <= 0 || size.height <= 0 || size.width > header.size.width ||
        size.height > header.size.height || stride < size.width)
        return fail_damaged(header.format, "its headers contradict each other");
    Image image = TRY(allocate_image(size));
    auto to = image.rgb.begin();
    for (std::int32_t y = 0; y < size.height; ++y) {
        const std::span row(
            data + static_cast<std::ptrdiff_t>(y) * stride, static_cast<std::size_t>(size.width)
        );
        for (const std::uint8_t luma : row) {
            const int full = (std::max(luma - 16, 0) * 255 + 109) / 219;
            to = std::fill_n(to, 3, static_cast<std::uint8_t>(std::min(full, 255)));
        }
    }
    return image;
}

// Premultiplied colours only need the white added.
void blend_premultiplied(std::span<const std::uint8_t> rgba, std::span<std::uint8_t> rgb) {
    for (std::size_t from = 0, to = 0; from < rgba.size(); from += 4, to += 3) {
        const unsigned paper = 255U - rgba[from + 3];
        for (std::size_t i = 0; i < 3; ++i)
            rgb[to + i] = static_cast<std::uint8_t>(std::min(255U, rgba[from + i] + paper));
    }
}

}  // namespace

Result<Image> decode_heif(std::span<const std::byte> encoded, const ImageHeader& header) {
    const Context context(heif_context_alloc());
    if (!context) return fail_out_of_memory(header.size);
    const Handle handle = TRY(open(context.get(), encoded, header));
    const bool transparent = heif_image_handle_has_alpha_channel(handle.get()) != 0;
    const bool premultiplied = heif_image_handle_is_premultiplied_alpha(handle.get()) != 0;
    if (!transparent) {
        if (std::optional<Image> grey = TRY(decode_limited_grey(handle.get(), header)))
            return *std::move(grey);
    }
    const HeifImage pixels = TRY(decode(handle.get(), transparent ? as_rgba : as_rgb, header));

    const Size size{
        heif_image_get_width(pixels.get(), heif_channel_interleaved),
        heif_image_get_height(pixels.get(), heif_channel_interleaved)
    };
    int stride = 0;
    const std::uint8_t* data = heif_image_get_plane_readonly(pixels.get(), heif_channel_interleaved, &stride);
    const std::size_t samples = transparent ? 4 : 3;
    const auto width = static_cast<std::size_t>(size.width);
    if (data == nullptr || size.width <= 0 || size.height <= 0 || size.width > header.size.width ||
        size.height > header.size.height || static_cast<std::size_t>(stride) < width * samples)
        return fail_damaged(header.format, "its headers contradict each other");

    Image image = TRY(allocate_image(size));
    for (std::size_t y = 0; y < static_cast<std::size_t>(size.height); ++y) {
        const std::span row(data + y * static_cast<std::size_t>(stride), width * samples);
        const std::span to = std::span(image.rgb).subspan(y * width * 3, width * 3);
        if (!transparent)
            std::ranges::copy(row, to.begin());
        else if (premultiplied)
            blend_premultiplied(row, to);
        else
            blend_over_white(row, to);
    }
    return image;
}

}  // namespace vignette
