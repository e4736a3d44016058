#include "image/tiff/tiff.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "image/exif.h"
#include "image/opencv_decode.h"
#include "image/refusal.h"
#include "image/tiff/directory.h"
#include "vignette/bytes.h"

namespace vignette {
namespace {

constexpr std::uint32_t separate_planes = 2;
constexpr std::uint32_t unsigned_numbers = 1;
constexpr std::uint32_t premultiplied_alpha = 1;
constexpr std::uint32_t straight_alpha = 2;

// None, three kinds of fax, LZW, JPEG, deflate under two numbers, PackBits.
constexpr std::array<std::uint32_t, 9> known_compressions{1, 2,     3,    4, 5, tiff_compression::jpeg,
                                                          8, 32773, 32946};

// OpenCV's matrix with up to four 16-bit channels, and libtiff's tile.
constexpr std::size_t tiff_scratch = 12;

// The first page as its directory describes it.
struct Page {
    Size size;
    std::uint32_t bits = 1;
    std::uint32_t channels = 1;
    std::uint32_t colours = 0;
    std::uint32_t compression = 1;
    std::uint32_t alpha = 0;  // the meaning of the fourth channel: one of the two above, or something else
    bool planes = false;
};

Page read_page(const TiffDirectory& directory) {
    constexpr std::uint32_t most = 0x7FFFFFFF;
    const auto number = [&](std::uint32_t which, std::uint32_t otherwise) {
        return directory.number(which).value_or(otherwise);
    };
    Page page;
    page.size.width = static_cast<std::int32_t>(std::min(number(tiff_tag::width, 0), most));
    page.size.height = static_cast<std::int32_t>(std::min(number(tiff_tag::height, 0), most));
    page.bits = number(tiff_tag::bits, 1);
    page.channels = number(tiff_tag::channels, 1);
    page.colours = number(tiff_tag::colours, 0);
    page.compression = number(tiff_tag::compression, 1);
    page.alpha = page.colours == tiff_colours::rgb && page.channels == 4
                     ? number(tiff_tag::extra_samples, straight_alpha)
                     : 0;
    page.planes = number(tiff_tag::planes, 1) == separate_planes;
    return page;
}

std::unexpected<Error> fail_kind(const std::string& kind) {
    return fail_variant("a TIFF " + kind, "save it as RGB or grey with 8 or 16 bits per channel");
}

Result<void> check_channels(const Page& page) {
    const bool one = page.channels == 1;
    const bool depth_known = page.bits == 8 || page.bits == 16 || (one && page.bits == 1);
    if (!depth_known) return fail_kind("with " + std::to_string(page.bits) + " bits per sample");
    const std::uint32_t least = page.colours == tiff_colours::separated_inks ? 4
                                : page.colours == tiff_colours::rgb || page.colours == tiff_colours::ycbcr
                                    ? 3
                                    : 1;
    const std::uint32_t most = page.colours == tiff_colours::rgb ? 4 : least;
    if (page.channels < least || page.channels > most)
        return fail_kind("with " + std::to_string(page.channels) + " channels");
    if (page.bits == 16 && (page.planes || (page.colours != tiff_colours::rgb && page.colours > 1)))
        return fail_kind("with 16-bit samples in separate planes, a palette or inks");
    return {};
}

Result<void> check_kind(const Page& page, const TiffDirectory& directory) {
    if (directory.number(tiff_tag::sample_format).value_or(unsigned_numbers) != unsigned_numbers)
        return fail_kind("with floating-point or signed samples");
    if (std::ranges::find(known_compressions, page.compression) == known_compressions.end())
        return fail_kind("with compression " + std::to_string(page.compression));
    if (page.colours > tiff_colours::ycbcr || page.colours == 4)
        return fail_kind("in colour space " + std::to_string(page.colours));
    const TiffField* bits = directory.find(tiff_tag::bits);
    for (std::size_t i = 0; bits != nullptr && i < page.channels && bits->number(i); ++i) {
        if (bits->number(i) != page.bits) return fail_kind("with channels of unequal depth");
    }
    return check_channels(page);
}

// The most bytes that one byte can expand to. In fax a single bit can stand for a line of any length.
std::int64_t expansion_max(std::uint32_t compression) {
    switch (compression) {
        case 1: return 1;
        case 5: return 4096;  // LZW: the longest string in its table, for a code of more than a byte
        case 7: return 2048;  // one bit for a block of 8 x 8 samples, some of which cover four pixels
        case 8:
        case 32946: return 1032;
        case 32773: return 64;
        default: return 1 << 16;
    }
}

// Are all strips or tiles in the file, and can they hold the picture? libtiff would fill missing parts with
// black.
Result<void> check_data(const BytesView& file, const TiffDirectory& directory, const Page& page) {
    const bool tiled = directory.find(tiff_tag::tile_offsets) != nullptr;
    const TiffField* offsets = directory.find(tiled ? tiff_tag::tile_offsets : tiff_tag::strip_offsets);
    const TiffField* bytes = directory.find(tiled ? tiff_tag::tile_bytes : tiff_tag::strip_bytes);
    if (offsets == nullptr || bytes == nullptr) return fail_damaged(ImageFormat::tiff, "it has no pixels");
    std::int64_t sum = 0;
    for (std::size_t i = 0; offsets->number(i); ++i) {
        const std::uint32_t length = bytes->number(i).value_or(0);
        if (!file.holds(*offsets->number(i), length)) return fail_truncated(ImageFormat::tiff);
        sum += length;
    }
    const std::int64_t samples = page.size.pixels() * page.channels;
    if (samples * page.bits / 8 / expansion_max(page.compression) > sum)
        return fail_truncated(ImageFormat::tiff);
    if (!tiled) return {};
    // Debian's libtiff 4.5.0 expects to read in steps of a kilobyte.
    constexpr std::uint32_t step = 1024;
    if (page.compression == tiff_compression::none && page.bits != 16 &&
        bytes->number().value_or(0) % step != 0)
        return fail_kind("with uncompressed tiles of this size");
    // A tile is decoded whole, however little of it is visible.
    constexpr std::int64_t pixels_max = std::int64_t{1024} * 1024;
    const std::int64_t across = directory.number(tiff_tag::tile_width).value_or(0);
    const std::int64_t down = directory.number(tiff_tag::tile_height).value_or(0);
    if (across <= 0 || down <= 0 || across > 0xFFFF || down > 0xFFFF ||
        across * down > std::max(pixels_max, 4 * page.size.pixels()))
        return fail_damaged(ImageFormat::tiff, "its tiles make no sense");
    return {};
}

// OpenCV turns some TIFFs upright by itself, and others only half-way, so the orientation is hidden from it.
Bytes without_orientation(std::span<const std::byte> encoded, const TiffDirectory& directory) {
    Bytes copy(encoded.begin(), encoded.end());
    const TiffField* field = directory.find(tiff_tag::orientation);
    if (field == nullptr || field->data.size() < 2) return copy;
    const auto start = static_cast<std::size_t>(field->data.bytes().data() - encoded.data());
    for (std::size_t i = 0; i < field->data.size(); ++i) copy[start + i] = std::byte{0};
    copy[start + (field->big_endian ? field->data.size() - 1 : 0)] = std::byte{1};
    return copy;
}

}  // namespace

Result<ImageHeader> read_tiff_header(std::span<const std::byte> encoded) {
    const std::optional<Tiff> tiff = read_tiff(encoded);
    if (!tiff) return fail_truncated(ImageFormat::tiff);
    const Page page = read_page(tiff->first());
    if (page.size.pixels() <= 0 && tiff->truncated) return fail_truncated(ImageFormat::tiff);
    const ExifFacts said = facts_of(*tiff);
    const TiffField* xmp = tiff->first().find(tiff_tag::xmp);
    const int orientation =
        orientation_of(said, xmp != nullptr ? xmp->data.bytes() : std::span<const std::byte>{});
    return ImageHeader{ImageFormat::tiff, page.size, orientation, said.taken, tiff_scratch};
}

Result<Image> decode_tiff(std::span<const std::byte> encoded, Size size) {
    const std::optional<Tiff> tiff = read_tiff(encoded);
    ASSERT(tiff);
    const TiffDirectory& directory = tiff->first();
    const Page page = read_page(directory);
    TRY(check_kind(page, directory));
    TRY(check_data(BytesView(encoded), directory, page));
    OpencvSamples samples = OpencvSamples::colours;
    if (page.bits == 16) samples = OpencvSamples::stored;
    // libtiff multiplies 8-bit colours by their alpha, even if they are premultiplied already.
    if (page.alpha == premultiplied_alpha || (page.alpha == straight_alpha && page.bits == 8))
        samples = OpencvSamples::premultiplied;
    return decode_with_opencv(without_orientation(encoded, directory), ImageFormat::tiff, size, samples);
}

}  // namespace vignette
