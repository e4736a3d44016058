#include "caption/pictures.h"

#include <utility>
#include <variant>

#include "core/stopwatch.h"
#include "engine/engine.h"
#include "image/base64.h"

namespace vignette {
namespace {

Result<Bytes> read(ImageSource source, const Limits& limits) {
    if (auto* given = std::get_if<EncodedImage>(&source)) return std::move(given->bytes);
    if (std::holds_alternative<RemoteImage>(source))
        return fail(ErrorCode::unsupported, "addresses are not fetched yet");
    Result<Bytes> bytes = decode_base64(std::get<Base64Image>(source).text.view(), limits.image_bytes_max);
    if (!bytes && bytes.error().code == ErrorCode::bad_base64) {
        bytes.error().message +=
            "; encode the file's bytes again (white space and the URL-safe alphabet are fine)";
    }
    if (!bytes && bytes.error().code == ErrorCode::too_large) {
        bytes.error().message += "; send a smaller picture";
    }
    return bytes;
}

}  // namespace

Result<std::vector<DecodedImage>> read_pictures(
    std::vector<PictureSource> pictures, const Limits& limits, const std::stop_token& stop, Timings& timings
) {
    std::vector<DecodedImage> images;
    Stopwatch watch;
    for (PictureSource& picture : pictures) {
        TRY(unless_stopped(stop));
        const Bytes encoded = TRY(about(picture.field, read(std::move(picture.source), limits)));
        timings.fetch += watch.lap();
        TRY(unless_stopped(stop));
        images.push_back(TRY(about(picture.field, decode_image(encoded, limits))));
        timings.decode += watch.lap();
    }
    return images;
}

}  // namespace vignette
