// Untrusted raw files: lying directories, false previews, and LibRaw after them. The first byte chooses the
// size of the model's input, so that all three paths are taken.
#include <cstdint>
#include <functional>
#include <span>

#include "image/decode.h"
#include "image/raw/preview.h"
#include "image/raw/raw.h"
#include "vignette/invariant.h"

namespace {

using namespace vignette;

void check_previews(std::span<const std::byte> encoded) {
    const auto tiff = read_tiff(encoded);
    if (!tiff) return;
    ASSERT(!tiff->directories.empty() && tiff->directories.size() <= tiff_directories_max);
    for (const TiffDirectory& directory : tiff->directories)
        ASSERT(directory.fields.size() <= tiff_fields_max);
    std::int64_t before = 0;
    const std::less_equal<> not_behind;
    for (const RawPreview& preview : find_previews(encoded, *tiff)) {
        ASSERT(not_behind(encoded.data(), preview.jpeg.data()));
        ASSERT(not_behind(preview.jpeg.data() + preview.jpeg.size(), encoded.data() + encoded.size()));
        ASSERT(preview.size.pixels() >= before);
        before = preview.size.pixels();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto encoded = std::as_bytes(std::span(data, size).subspan(1));
    check_previews(encoded);
    if (!is_raw(encoded)) return 0;
    const Limits limits{.picture_bytes_max = 64 * KiB, .image_pixels_max = 256 * 256, .image_side_max = 1024};
    const std::int32_t side = data[0];
    const auto decoded = decode_image(encoded, limits, {.cover = {side, side}});
    if (!decoded) {
        ASSERT(!decoded.error().message.empty());
        return 0;
    }
    const auto& [image, info] = *decoded;
    ASSERT(info.format == ImageFormat::raw);
    ASSERT(image.size == info.size && image.size.width > 0 && image.size.height > 0);
    ASSERT(image.size.pixels() <= limits.image_pixels_max);
    ASSERT(image.rgb.size() == static_cast<std::size_t>(image.size.pixels()) * 3);
    ASSERT((info.path == PixelPath::whole) == (info.full == Size{}));
    return 0;
}
