#include "image/refusal.h"

#include <string>
#include <utility>

#include "vignette/invariant.h"

namespace vignette {
namespace {

constexpr std::string_view send_known = "send the picture as JPEG, PNG, WebP, AVIF, HEIC, TIFF, GIF or BMP";

}  // namespace

std::string_view name_of(ImageFormat format) {
    switch (format) {
        case ImageFormat::jpeg: return "JPEG";
        case ImageFormat::png: return "PNG";
        case ImageFormat::webp: return "WebP";
        case ImageFormat::bmp: return "BMP";
        case ImageFormat::gif: return "GIF";
        case ImageFormat::tiff: return "TIFF";
        case ImageFormat::heic: return "HEIC picture";
        case ImageFormat::avif: return "AVIF picture";
        case ImageFormat::pnm: return "PNM";
        case ImageFormat::tga: return "TGA";
        case ImageFormat::ico: return "ICO";
        case ImageFormat::raw: return "camera raw file";
    }
    panic("ImageFormat out of range");
}

std::unexpected<Error> fail_no_known_picture() {
    return fail(
        ErrorCode::not_an_image, "the bytes are not a picture in a known format; " + std::string(send_known)
    );
}

std::unexpected<Error> fail_truncated(ImageFormat format) {
    return fail(
        ErrorCode::truncated_image,
        "the " + std::string(name_of(format)) + " is cut short: its end is missing; send the whole file"
    );
}

std::unexpected<Error> fail_damaged(ImageFormat format, std::string_view how) {
    return fail(
        ErrorCode::undecodable_image, "the " + std::string(name_of(format)) +
                                          " is damaged: " + std::string(how) +
                                          "; send an intact file, or open the picture and save it again"
    );
}

std::unexpected<Error> fail_variant(std::string_view variant, std::string_view remedy) {
    std::string message = "the file is ";
    message.append(variant).append(", which is not accepted as a picture; ");
    message.append(remedy.empty() ? send_known : remedy);
    return fail(ErrorCode::unsupported_media, std::move(message));
}

}  // namespace vignette
