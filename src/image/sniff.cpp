#include "image/sniff.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string>

#include "core/ascii.h"
#include "core/bytes_view.h"
#include "image/plain.h"
#include "image/raw/raw.h"
#include "image/refusal.h"

namespace vignette {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t text_looked_at =
    1024;  // a doctype, an XML prologue and comments come before the first tag

constexpr auto send_as_film =
    "send it as a film (\"video_url\" of a job, a file of `vignette caption`), or one frame as JPEG or PNG"sv;
constexpr auto send_page = "send a page of it as JPEG or PNG"sv;
constexpr auto send_file = "send the picture file itself"sv;
constexpr auto send_unpacked = "unpack it and send the picture file itself"sv;
constexpr auto send_once = "encode the picture as base64 only once"sv;
constexpr auto check_download =
    "error pages are often saved under a picture's name: check the download, then send the picture itself"sv;

struct Foreign {
    std::size_t offset;
    std::string_view magic;
    std::string_view what;
    std::string_view remedy;
};

constexpr auto foreigners = std::to_array<Foreign>({
    {0, "II+\0"sv, "a TIFF picture (BigTIFF)"sv, {}},
    {0, "MM\0+"sv, "a TIFF picture (BigTIFF)"sv, {}},
    {0, "\xFF\x0A"sv, "a JPEG XL picture"sv, {}},
    {0, "\0\0\0\x0CJXL \r\n\x87\n"sv, "a JPEG XL picture"sv, {}},
    {0, "\0\0\0\x0CjP  \r\n\x87\n"sv, "a JPEG 2000 picture"sv, {}},
    {0, "\xFF\x4F\xFF\x51"sv, "a JPEG 2000 picture"sv, {}},
    {0, "\0\0\1\0"sv, "an icon file (ICO)"sv, {}},
    {0, "\0\0\2\0"sv, "a cursor file (CUR)"sv, {}},
    {0, "DDS "sv, "a DirectDraw texture (DDS)"sv, {}},
    {0, "qoif"sv, "a QOI picture"sv, {}},
    {0, "v/1\x01"sv, "an OpenEXR picture"sv, {}},
    {0, "#?RADIANCE"sv, "a Radiance picture (HDR)"sv, {}},
    {0, "PF\n"sv, "a floating-point map (PFM)"sv, {}},
    {0, "Pf\n"sv, "a floating-point map (PFM)"sv, {}},
    {0, "8BPS"sv, "a Photoshop file (PSD)"sv, {}},
    {0, "%PDF-"sv, "a PDF document"sv, send_page},
    {0, "%!PS"sv, "a PostScript document"sv, send_page},
    {0, "\x1F\x8B"sv, "gzip-compressed data"sv, send_unpacked},
    {0, "PK\3\4"sv, "a ZIP archive or an office document"sv, send_unpacked},
    {0, "\x1A\x45\xDF\xA3"sv, "a film (WebM or Matroska)"sv, send_as_film},
    {8, "AVI "sv, "a film (AVI)"sv, send_as_film},
    {0, "OggS"sv, "a film or sound (Ogg)"sv, send_as_film},
    {0, "data:image/"sv, "the text of a data URL"sv, send_once},
    {0, "/9j/"sv, "the base64 text of a JPEG"sv, send_once},
    {0, "iVBORw0KGgo"sv, "the base64 text of a PNG"sv, send_once},
});

// For what servers, tools and people send instead of a picture.
std::unexpected<Error> fail_no_picture(std::string_view what, std::string_view remedy) {
    std::string message = "the bytes are ";
    message.append(what).append(", not a picture; ").append(remedy);
    return fail(ErrorCode::not_an_image, std::move(message));
}

// HEIC, AVIF and MP4 share one container format; its first box lists brands, the main one first.
Result<ImageFormat> sniff_iso_media(const BytesView& view) {
    const std::size_t end = std::min<std::size_t>({view.be32(0), view.size(), 256});
    const auto branded = [&](std::initializer_list<std::string_view> brands) {
        for (std::size_t offset = 8; offset + 4 <= end; offset += 4) {
            if (std::ranges::any_of(brands, [&](std::string_view brand) { return view.has(offset, brand); }))
                return true;
        }
        return false;
    };
    if (branded({"avif", "avis"})) return ImageFormat::avif;
    if (branded({"heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"})) return ImageFormat::heic;
    return fail_variant("a film (MP4 or MOV)", send_as_film);
}

std::string lower_start(std::span<const std::byte> encoded) {
    const std::size_t size = std::min(encoded.size(), text_looked_at);
    return ascii_lower(std::string_view(reinterpret_cast<const char*>(encoded.data()), size));
}

std::unexpected<Error> fail_unknown(std::span<const std::byte> encoded) {
    const std::string start = lower_start(encoded);
    std::string_view text = start;
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
    if (text.starts_with("{") || text.starts_with("[")) return fail_no_picture("JSON", check_download);
    if (text.starts_with("version https://git-lfs")) return fail_no_picture("a Git LFS pointer", send_file);
    if (text.starts_with("<")) {
        if (text.contains("<svg")) return fail_variant("an SVG drawing", "render it and send it as PNG");
        if (text.contains("<!doctype html") || text.contains("<html") || text.contains("<head"))
            return fail_no_picture("an HTML page", check_download);
        if (text.starts_with("<?xml")) return fail_no_picture("an XML document", check_download);
    }
    return fail_no_known_picture();
}

}  // namespace

Result<ImageFormat> sniff(std::span<const std::byte> encoded) {
    if (encoded.empty())
        return fail(ErrorCode::empty_image, "the picture has no bytes; send the picture file's content");
    const BytesView view(encoded);
    if (view.has(0, "\xFF\xD8\xFF")) return ImageFormat::jpeg;
    if (view.has(0, "\x89PNG\r\n\x1A\n")) return ImageFormat::png;
    if (view.has(0, "RIFF") && view.has(8, "WEBP")) return ImageFormat::webp;
    if (is_bmp(encoded)) return ImageFormat::bmp;
    if (is_pnm(encoded)) return ImageFormat::pnm;
    if (is_ico(encoded)) return ImageFormat::ico;
    if (view.has(0, "GIF87a") || view.has(0, "GIF89a")) return ImageFormat::gif;
    if (is_raw(encoded)) return ImageFormat::raw;
    if (view.has(0, "II*\0"sv) || view.has(0, "MM\0*"sv)) return ImageFormat::tiff;

    if (is_tga(encoded)) return ImageFormat::tga;
    for (const Foreign& foreign : foreigners) {
        if (view.has(foreign.offset, foreign.magic)) return fail_variant(foreign.what, foreign.remedy);
    }
    if (view.has(4, "ftyp")) return sniff_iso_media(view);
    return fail_unknown(encoded);
}

}  // namespace vignette
