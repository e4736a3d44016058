#include "image/read_header.h"

#include <utility>

#include "image/fixtures.h"
#include "image/png/crc32.h"

namespace vignette {
namespace {

using namespace std::string_literals;
using fixtures::big_endian;
using fixtures::code_of;
using fixtures::error_of;
using fixtures::to_bytes;

std::string chunk(const std::string& type, const std::string& data) {
    return big_endian(static_cast<std::uint32_t>(data.size())) + type + data +
           big_endian(crc32(to_bytes(type + data)));
}

std::string png_header(std::uint32_t width, std::uint32_t height) {
    return "\x89PNG\r\n\x1A\n"s + chunk("IHDR", big_endian(width) + big_endian(height) + "\x08\x02\0\0\0"s);
}

// Start of image, one frame header, start of a scan.
std::string jpeg_header(char frame, char bits, const std::string& height, char components) {
    return "\xFF\xD8\xFF"s + frame + "\0\x0B"s + bits + height + "\0\x10"s + components +
           "\x01\x11\0\xFF\xDA\0\x03\1"s;
}

TEST(Header, GivesFormatSizeAndOrientationOfEveryFixture) {
    ASSERT_GE(fixtures::pictures().size(), 40U);
    for (const fixtures::Picture& picture : fixtures::pictures()) {
        const auto header = read_header(fixtures::picture(picture.file));
        ASSERT_TRUE(header.has_value()) << picture.file << ": " << header.error().message;
        Size stored = picture.shown;
        if (picture.orientation >= 5) std::swap(stored.width, stored.height);
        EXPECT_EQ(header->format, fixtures::format_of(picture)) << picture.file;
        EXPECT_EQ(header->size, stored) << picture.file;
        EXPECT_EQ(header->orientation, picture.orientation) << picture.file;
    }
}

TEST(Header, NothingIsAnEmptyImage) { EXPECT_EQ(code_of(""), ErrorCode::empty_image); }

TEST(Header, NoiseIsNotAPicture) {
    const Error error = error_of(to_bytes("The quick brown fox"));
    EXPECT_EQ(error.code, ErrorCode::not_an_image);
    EXPECT_EQ(
        error.message,
        "the bytes are not a picture in a known format; send the picture as JPEG, PNG, WebP, AVIF, HEIC, "
        "TIFF, GIF or BMP"
    );
    EXPECT_EQ(code_of("BMW drives through the rain of November"), ErrorCode::not_an_image);
}

TEST(Header, SaysWhatCameInsteadOfAPicture) {
    const std::vector<std::pair<std::string, std::string>> texts{
        {"\n<!DOCTYPE html><html><body>404</body></html>", "HTML"},
        {"<HTML><HEAD>", "HTML"},
        {"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", "XML"},
        {"{\"error\": \"not found\"}", "JSON"},
        {" [1, 2]", "JSON"},
        {"version https://git-lfs.github.com/spec/v1\noid", "Git LFS"},
    };
    for (const auto& [encoded, name] : texts) {
        const Error error = error_of(to_bytes(encoded));
        EXPECT_EQ(error.code, ErrorCode::not_an_image) << name;
        EXPECT_NE(error.message.find(name), std::string::npos) << error.message;
        EXPECT_NE(error.message.find(';'), std::string::npos) << "no remedy: " << error.message;
    }
}

TEST(Header, AFilmIsReferredToVideoUrl) {
    for (const std::string& film :
         {"\0\0\0\x18"s
          "ftypisom\0\0\2\0isom"s,
          "\x1A\x45\xDF\xA3"s, "RIFF\0\0\1\0AVI LIST"s, "OggS\0\2"s}) {
        const Error error = error_of(to_bytes(film));
        EXPECT_EQ(error.code, ErrorCode::unsupported_media);
        EXPECT_NE(error.message.find("\"video_url\""), std::string::npos) << error.message;
    }
}

TEST(Header, NamesTheFormatsThatAreNotDecoded) {
    const std::vector<std::pair<std::string, std::string>> foreigners{
        {"II+\0\x08\0\0\0"s, "BigTIFF"},
        {"\0\0\0\x18"
         "ftypisom\0\0\2\0isom"s,
         "MP4"},
        {"  <?xml version='1.0'?><!-- drawn --><svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"},
        {"\xEF\xBB\xBF<svg/>", "SVG"},
        {"%PDF-1.7", "PDF"},
        {"\0\0\1\0\1\0"s, "ICO"},
        {"\xFF\x0A\0\0"s, "JPEG XL"},
        {"\0\0\0\x0CJXL \r\n\x87\n"s, "JPEG XL"},
        {"\0\0\0\x0CjP  \r\n\x87\n"s, "JPEG 2000"},
        {"/9j/4AAQSkZJRgABAQ", "base64"},
        {"data:image/png;base64,iVBORw0KGgo", "data URL"},
        {jpeg_header('\xC3', 8, "\0\x10"s, 3), "lossless"},
        {jpeg_header('\xC9', 8, "\0\x10"s, 3), "arithmetic"},
        {jpeg_header('\xC1', 12, "\0\x10"s, 3), "12 bits"},
        {jpeg_header('\xC0', 8, "\0\x10"s, 2), "2 channels"},
        {jpeg_header('\xC0', 8, "\0\0"s, 3), "height"},
    };
    for (const auto& [encoded, name] : foreigners) {
        const Error error = error_of(to_bytes(encoded));
        EXPECT_EQ(error.code, ErrorCode::unsupported_media) << name << ": " << error.message;
        EXPECT_NE(error.message.find(name), std::string::npos) << error.message;
        EXPECT_NE(error.message.find(';'), std::string::npos) << "no remedy: " << error.message;
    }
}

TEST(Header, FindsTheFrameOfAJpegAfterJunkAndOtherSegments) {
    const std::string header = jpeg_header('\xC0', 8, "\0\x20"s, 1);
    const std::string comment =
        "\xFF\xFF\xFF\xFE\0\x06"
        "abcd"
        "rubbish"s;
    const auto read =
        read_header(to_bytes(header.substr(0, 2) + "\xFF\xE0\0\x02"s + comment + header.substr(2)));
    ASSERT_TRUE(read.has_value()) << read.error().message;
    EXPECT_EQ(read->size, (Size{16, 32}));
}

TEST(Header, APngIsReadUpToItsPixelsOnly) {
    const std::string exif = chunk("eXIf", "MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\x03\0\0"s);
    const std::string pixels = chunk("IDAT", "x");
    EXPECT_EQ(read_header(to_bytes(png_header(5, 7) + exif + pixels))->orientation, 3);
    EXPECT_EQ(read_header(to_bytes(png_header(5, 7) + pixels + exif))->orientation, 1);
}

TEST(Header, APngWhoseHeaderWasChangedIsDamaged) {
    std::string header = png_header(5, 7);
    header[19] = '\x06';
    EXPECT_EQ(code_of(header), ErrorCode::undecodable_image);
    EXPECT_EQ(code_of(png_header(0xFFFFFFFFU, 7)), ErrorCode::undecodable_image);
}

TEST(Header, ABmpStoredTopDownHasAPositiveHeight) {
    EXPECT_EQ(read_header(fixtures::picture("top_down.bmp"))->size, (Size{40, 26}));
}

TEST(Limits, AHugePictureIsRefusedByItsHeader) {
    const std::string encoded = png_header(50'000, 50'000);
    const ImageHeader header = read_header(to_bytes(encoded)).value();
    const auto wide = check_header(header, encoded.size(), {.image_side_max = 60'000});
    ASSERT_FALSE(wide.has_value());
    EXPECT_EQ(wide.error().code, ErrorCode::too_many_pixels);
    EXPECT_EQ(
        wide.error().message,
        "the picture has 50000 x 50000 = 2500000000 pixels and at most 100000000 are allowed; send a smaller "
        "copy"
    );
    EXPECT_EQ(check_header(header, encoded.size(), {}).error().code, ErrorCode::too_many_pixels);
}

TEST(Limits, EachBoundHasItsOwnError) {
    const ImageHeader header{ImageFormat::png, {100, 10}, 1};
    EXPECT_TRUE(
        check_header(header, 50, {.picture_bytes_max = 50, .image_pixels_max = 1000, .image_side_max = 100})
    );
    EXPECT_EQ(check_header(header, 51, {.picture_bytes_max = 50}).error().code, ErrorCode::too_large);
    EXPECT_EQ(check_header(header, 50, {.image_pixels_max = 999}).error().code, ErrorCode::too_many_pixels);
    EXPECT_EQ(check_header(header, 50, {.image_side_max = 99}).error().code, ErrorCode::too_many_pixels);
    const ImageHeader flat{ImageFormat::png, {100, 0}, 1};
    EXPECT_EQ(check_header(flat, 50, {}).error().code, ErrorCode::undecodable_image);
}

}  // namespace
}  // namespace vignette
