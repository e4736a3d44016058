#include "image/raw/raw.h"
#include "image/decode.h"
#include "image/raw/stream.h"
#include "image/read_header.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "image/fixtures.h"
#include "image/raw/preview.h"
#include "image/raw/sensor.h"
#include "image/sniff.h"
#include "image/tiff/tiff_bytes.h"

namespace vignette {
namespace {

using namespace std::string_literals;
using fixtures::TiffBytes;

constexpr std::uint32_t cfa = 32803;
constexpr std::uint32_t dng_version = 50706;

// A file whose beginning alone may be read: reading one byte past it ends the process.
class GuardedFile {
public:
    GuardedFile(std::span<const std::byte> readable, std::size_t hidden) {
        const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
        const auto pages = [&](std::size_t bytes) { return (bytes + page - 1) / page * page; };
        mapped_ = pages(readable.size()) + pages(hidden);
        base_ = static_cast<std::byte*>(
            mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        );
        std::byte* end = base_ + pages(readable.size());
        std::ranges::copy(readable, end - readable.size());
        mprotect(end, pages(hidden), PROT_NONE);
        view_ = {end - readable.size(), readable.size() + hidden};
    }
    ~GuardedFile() { munmap(base_, mapped_); }
    GuardedFile(const GuardedFile&) = delete;
    GuardedFile& operator=(const GuardedFile&) = delete;

    std::span<const std::byte> bytes() const { return view_; }

private:
    std::byte* base_ = nullptr;
    std::size_t mapped_ = 0;
    std::span<const std::byte> view_;
};

// A DNG whose pixels follow its directories.
TiffBytes some_dng(std::uint32_t pixels_at, bool big_endian = false) {
    TiffBytes tiff(big_endian);
    const std::uint32_t date = tiff.behind(9);
    tiff.short_entry(256, 40)
        .short_entry(257, 30)
        .short_entry(258, 16)
        .short_entry(262, cfa)
        .long_entry(273, pixels_at)
        .short_entry(tiff_tag::orientation, 6)
        .long_entry(279, 40 * 30 * 2)
        .entry(tiff_tag::date_time, TiffBytes::ascii, 20, tiff.number(date, 4))
        .entry(dng_version, TiffBytes::byte, 4, "\1\4\0\0"s)
        .end_directory()
        .append("2026:05:01 12:30:00\0"s);
    return tiff;
}

TEST(RawHeader, ADngIsDistinguishedFromATiffByItsVersionOrItsSensorValues) {
    for (const bool big_endian : {false, true}) {
        TiffBytes plain(big_endian);
        plain.short_entry(262, 2).end_directory();
        EXPECT_FALSE(is_raw(fixtures::to_bytes(plain.text())));
        TiffBytes versioned(big_endian);
        versioned.entry(dng_version, TiffBytes::byte, 4, "\1\4\0\0"s).end_directory();
        EXPECT_TRUE(is_raw(fixtures::to_bytes(versioned.text())));
        TiffBytes nested(big_endian);
        nested.long_entry(tiff_tag::sub_directories, nested.behind(1)).end_directory();
        nested.short_entry(262, cfa).end_directory();
        EXPECT_TRUE(is_raw(fixtures::to_bytes(nested.text())));
        EXPECT_EQ(sniff(fixtures::to_bytes(nested.text())), ImageFormat::raw);
    }
    EXPECT_TRUE(is_raw(fixtures::to_bytes("FUJIFILMCCD-RAW 0201")));
    EXPECT_TRUE(
        is_raw(fixtures::to_bytes("\0\0\0\x18"
                                  "ftypcrx "s))
    );
    EXPECT_FALSE(
        is_raw(fixtures::to_bytes("\0\0\0\x18"
                                  "ftypheic"s))
    );
    EXPECT_FALSE(is_raw({}));
}

TEST(RawHeader, SizeOrientationAndDateComeFromTheDirectories) {
    for (const bool big_endian : {false, true}) {
        const auto header = read_header(fixtures::to_bytes(some_dng(8, big_endian).text()));
        ASSERT_TRUE(header.has_value()) << header.error().message;
        EXPECT_EQ(header->format, ImageFormat::raw);
        EXPECT_EQ(header->size, (Size{40, 30}));
        EXPECT_EQ(header->orientation, 6);
        EXPECT_EQ(header->taken, "2026-05-01T12:30:00");
    }
}

TEST(RawHeader, AReducedPictureOfTheSensorIsNotItsSize) {
    TiffBytes tiff;
    tiff.entry(dng_version, TiffBytes::byte, 4, "\1\4\0\0"s)
        .short_entry(254, 0)
        .short_entry(256, 400)
        .short_entry(257, 300)
        .short_entry(262, cfa)
        .end_directory(tiff.behind(5));
    tiff.short_entry(254, 1).short_entry(256, 800).short_entry(257, 600).short_entry(262, cfa).end_directory(
    );
    EXPECT_EQ(read_header(fixtures::to_bytes(tiff.text()))->size, (Size{400, 300}));
}

TEST(RawHeader, AnInvalidAreaIsNotBelieved) {
    struct Case {
        std::vector<std::uint32_t> area;  // top, left, bottom, right
        Size expected;
    };
    const std::vector<Case> cases{
        {{10, 20, 290, 380}, {360, 280}}, {{290, 20, 10, 380}, {400, 300}},
        {{0, 0, 301, 400}, {400, 300}},   {{0, 0, 0xFFFFFFFFU, 0xFFFFFFFFU}, {400, 300}},
        {{0, 0, 300}, {400, 300}},
    };
    for (const auto& [area, expected] : cases) {
        TiffBytes tiff;
        std::string values;
        for (const std::uint32_t value : area) values += tiff.number(value, 4);
        tiff.short_entry(256, 400)
            .short_entry(257, 300)
            .short_entry(262, cfa)
            .entry(
                50829, TiffBytes::long_, static_cast<std::uint32_t>(area.size()),
                tiff.number(tiff.behind(4), 4)
            )
            .end_directory()
            .append(values);
        EXPECT_EQ(read_header(fixtures::to_bytes(tiff.text()))->size, expected);
    }
}

// The metadata of a picture of any size costs only the reading of its header: not one byte of the pixels is
// read.
TEST(RawHeader, NoHeaderIsReadFromPixels) {
    constexpr std::size_t hidden = 8 * MiB;
    const Bytes dng = fixtures::to_bytes(some_dng(1000).text());
    EXPECT_EQ(read_header(GuardedFile(dng, hidden).bytes())->taken, "2026-05-01T12:30:00");

    const Bytes jpeg = fixtures::picture("orientation_6.jpg");
    const auto scan = std::ranges::search(jpeg, fixtures::to_bytes("\xFF\xDA"));
    ASSERT_FALSE(scan.empty());
    const std::size_t head = static_cast<std::size_t>(scan.begin() - jpeg.begin()) + 14;  // three channels
    EXPECT_EQ(read_header(GuardedFile(std::span(jpeg).first(head), hidden).bytes())->orientation, 6);

    const Bytes png = fixtures::picture("rgb.png");
    const auto data = std::ranges::search(png, fixtures::to_bytes("IDAT"));
    ASSERT_FALSE(data.empty());
    const std::size_t start = static_cast<std::size_t>(data.begin() - png.begin()) + 4;
    EXPECT_TRUE(read_header(GuardedFile(std::span(png).first(start), hidden).bytes()).has_value());

    const Bytes bmp = fixtures::picture("rgb.bmp");
    EXPECT_TRUE(read_header(GuardedFile(std::span(bmp).first(54), hidden).bytes()).has_value());
}

TEST(RawPreview, NothingCoversTheWholePictureAndSidesAreAsShown) {
    EXPECT_TRUE(covers({300, 200}, 1, {300, 200}));
    EXPECT_FALSE(covers({299, 200}, 1, {300, 200}));
    EXPECT_FALSE(covers({300, 199}, 1, {300, 200}));
    EXPECT_FALSE(covers({300, 200}, 6, {300, 200}));
    EXPECT_TRUE(covers({200, 300}, 6, {300, 200}));
    EXPECT_FALSE(covers({30000, 20000}, 1, {}));
}

TEST(RawPreview, OnlyAJpegThatIsDecodedHereIsOneAndEachOnlyOnce) {
    std::vector<RawPreview> previews;
    const Bytes whole = fixtures::picture("subsampled.jpg");
    const Bytes text = fixtures::to_bytes("no JPEG");
    const Bytes lossless =
        fixtures::to_bytes("\xFF\xD8\xFF\xC3\0\x11\x08\0\x10\0\x10\3\1\x11\0\2\x11\0\3\x11\0\xFF\xDA\0\2"s);
    add_preview(text, previews);
    add_preview(lossless, previews);
    add_preview({}, previews);
    EXPECT_TRUE(previews.empty());
    add_preview(whole, previews);
    add_preview(whole, previews);
    ASSERT_EQ(previews.size(), 1U);
    EXPECT_EQ(previews.front().size, read_header(whole)->size);
}

TEST(RawPreview, TheyAreOrderedBySizeAndBounded) {
    const Bytes one = fixtures::picture("subsampled.jpg");
    std::vector<Bytes> files;
    for (std::uint8_t i = 0; i < 40; ++i) {
        Bytes file = one;
        const auto frame = std::ranges::search(file, fixtures::to_bytes("\xFF\xC0"));
        ASSERT_FALSE(frame.empty());
        *(frame.begin() + 6) = static_cast<std::byte>((i * 7) % 40 + 1);  // its height
        files.push_back(std::move(file));
    }
    std::vector<RawPreview> previews;
    for (const Bytes& file : files) add_preview(file, previews);
    EXPECT_EQ(previews.size(), raw_previews_max);
    EXPECT_TRUE(std::ranges::is_sorted(previews, {}, [](const RawPreview& p) { return p.size.pixels(); }));
}

TEST(RawSensor, AFileWithoutSensorValuesIsNotDeveloped) {
    TiffBytes tiff;
    tiff.entry(dng_version, TiffBytes::byte, 4, "\1\4\0\0"s).end_directory();
    const Bytes encoded = fixtures::to_bytes(tiff.text());
    const auto checked = check_sensor_values(encoded, *read_tiff(encoded));
    ASSERT_FALSE(checked.has_value());
    EXPECT_EQ(checked.error().code, ErrorCode::undecodable_image);
}

TEST(RawSensor, ValuesThatReachPastTheEndAreMissing) {
    TiffBytes tiff = some_dng(400);
    const std::size_t pixels = std::size_t{40} * 30 * 2;
    std::string text = tiff.text();
    text.resize(400 + pixels);
    Bytes encoded = fixtures::to_bytes(text);
    EXPECT_TRUE(check_sensor_values(encoded, *read_tiff(encoded)).has_value());
    encoded.pop_back();
    EXPECT_EQ(check_sensor_values(encoded, *read_tiff(encoded)).error().code, ErrorCode::truncated_image);
}

// LibRaw is asked, finds nothing, and its own message does not leave the wall.
TEST(RawDecode, WhatLibRawRefusesIsATypedError) {
    for (const std::string& start : {"FUJIFILMCCD-RAW 0201"s, "IIRO\x08\0\0\0"s, "IIU\0\x08\0\0\0"s}) {
        const auto decoded = decode_image(fixtures::to_bytes(start + std::string(500, 'x')), Limits{});
        ASSERT_FALSE(decoded.has_value()) << start;
        EXPECT_TRUE(
            decoded.error().code == ErrorCode::unsupported_media ||
            decoded.error().code == ErrorCode::undecodable_image ||
            decoded.error().code == ErrorCode::truncated_image
        ) << decoded.error().message;
    }
}

// A box that ends before it begins: LibRaw loops over it until it is stopped. The box has no name, because
// for a named one LibRaw 0.20 reads uninitialised memory, with changing results.
TEST(RawDecode, AFileThatCausesAnEndlessLoopIsAbandoned) {
    const std::string text =
        "\0\0\0\x18"
        "ftypcrx \0\0\0\0crx isom"
        "\0\0\0\1"s +
        std::string(84, '\0');
    const auto decoded = decode_image(fixtures::to_bytes(text), Limits{});
    ASSERT_FALSE(decoded.has_value());
    EXPECT_EQ(decoded.error().code, ErrorCode::undecodable_image) << decoded.error().message;
}

// A cut Panasonic file was developed from whatever lay in LibRaw's buffer, differently each time.
TEST(RawStream, WhatIsMissingIsZeroAndCounted) {
    const Bytes file(100, std::byte{7});
    RawStream stream(file);
    stream.allow_decoding();
    std::array<unsigned char, 160> block{};
    block.fill(9);
    EXPECT_EQ(stream.read(block.data(), 1, 60), 60);
    EXPECT_EQ(stream.missing(), 0);
    EXPECT_EQ(stream.read(block.data(), 1, 160), 40);
    EXPECT_EQ(stream.missing(), 120);
    EXPECT_EQ(block[39], 7);
    EXPECT_TRUE(std::ranges::all_of(std::span(block).subspan(40), [](unsigned char one) { return one == 0; })
    );
}

}  // namespace
}  // namespace vignette
