#include "image/plain.h"

#include <algorithm>
#include <array>
#include <string>

#include "core/ascii.h"
#include "core/bytes_view.h"
#include "image/pixels.h"
#include "image/refusal.h"
#include "vignette/invariant.h"
#include "vignette_rust.h"

namespace vignette {
namespace {

using namespace std::string_view_literals;

vig_plain_format in_rust(ImageFormat format) {
    if (format == ImageFormat::bmp) return VIG_BMP;
    if (format == ImageFormat::pnm) return VIG_PNM;
    if (format == ImageFormat::tga) return VIG_TGA;
    ASSERT(format == ImageFormat::ico);
    return VIG_ICO;
}

Result<void> check_status(vig_status status, vig_text error, ImageFormat format) {
    vig_text_free(error);  // its words are for programmers
    if (status == VIG_OK) return {};
    if (status == VIG_CUT_SHORT) return fail_truncated(format);
    if (status == VIG_UNSUPPORTED)
        return fail_variant("an unusual kind of " + std::string(name_of(format)), "save it as PNG or JPEG");
    return fail_damaged(format, "its pixels cannot be decoded");
}

}  // namespace

namespace {

// What a clipboard holds: its header's size, its planes and its bits make sense together.
bool is_bmp_without_file_header(const BytesView& view) {
    constexpr std::array<std::uint32_t, 3> header_sizes{40, 108, 124};
    constexpr std::array<std::uint32_t, 6> depths{1, 4, 8, 16, 24, 32};
    constexpr std::uint32_t compressions = 4;
    return view.holds(0, 40) && std::ranges::find(header_sizes, view.le32(0)) != header_sizes.end() &&
           view.le16(12) == 1 && std::ranges::find(depths, view.le16(14)) != depths.end() &&
           view.le32(16) < compressions;
}

}  // namespace

bool is_bmp(std::span<const std::byte> encoded) {
    constexpr std::array<std::uint32_t, 7> header_sizes{12, 40, 52, 56, 64, 108, 124};
    const BytesView view(encoded);
    if (!view.has(0, "BM")) return is_bmp_without_file_header(view);
    return !view.holds(14, 4) || std::ranges::find(header_sizes, view.le32(14)) != header_sizes.end();
}

bool is_pnm(std::span<const std::byte> encoded) {
    const BytesView view(encoded);
    if (!view.has(0, "P") || !view.holds(1, 2)) return false;
    const std::uint32_t kind = view.u8(1);
    const auto next = static_cast<char>(view.u8(2));
    return kind >= '1' && kind <= '7' && (white_space.contains(next) || next == '#');
}

bool is_tga(std::span<const std::byte> encoded) {
    constexpr std::array<std::uint32_t, 6> kinds{1, 2, 3, 9, 10, 11};
    constexpr std::array<std::uint32_t, 5> depths{8, 15, 16, 24, 32};
    const BytesView view(encoded);
    if (!view.holds(0, 18)) return false;
    const bool has_palette = view.u8(1) == 1;
    const bool palette_makes_sense =
        has_palette ? view.le16(5) > 0 && std::ranges::find(depths, view.u8(7)) != depths.end()
                    : view.u8(1) == 0 && view.le16(5) == 0;
    return palette_makes_sense && std::ranges::find(kinds, view.u8(2)) != kinds.end() && view.le16(12) > 0 &&
           view.le16(14) > 0 && std::ranges::find(depths, view.u8(16)) != depths.end() &&
           (view.u8(17) & 0xC0U) == 0;
}

bool is_ico(std::span<const std::byte> encoded) {
    const BytesView view(encoded);
    return view.has(0, "\0\0\1\0"sv) && view.holds(4, 18) && view.le16(4) > 0 && view.u8(9) == 0;
}

Result<ImageHeader> read_plain_header(std::span<const std::byte> encoded, ImageFormat format) {
    vig_plain facts{};
    vig_text error{};
    const vig_status status =
        vig_plain_facts(in_rust(format), data_of(encoded), encoded.size(), &facts, &error);
    TRY(check_status(status, error, format));
    return ImageHeader{format, make_size(facts.width, facts.height), 1, {}, facts.scratch};
}

Result<Image> decode_plain(std::span<const std::byte> encoded, const ImageHeader& header) {
    Image image = TRY(allocate_image(header.size));
    vig_text error{};
    const vig_status status = vig_plain_decode(
        in_rust(header.format), data_of(encoded), encoded.size(), image.rgb.data(), image.rgb.size(), &error
    );
    TRY(check_status(status, error, header.format));
    return image;
}

}  // namespace vignette
