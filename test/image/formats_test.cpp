// Our own parsers on files that no encoder writes; test/media has complete pictures of every format.
#include <algorithm>
#include <string>
#include <vector>

#include "image/alpha.h"
#include "image/base64.h"
#include "image/decode.h"
#include "image/fixtures.h"
#include "image/gif/layout.h"
#include "image/heif/av1.h"
#include "image/heif/hevc.h"
#include "image/heif/iso_boxes.h"
#include "image/read_header.h"

namespace vignette {
namespace {

using namespace std::string_literals;
using fixtures::big_endian;
using fixtures::code_of;
using fixtures::to_bytes;

std::string box(const std::string& type, const std::string& content) {
    return big_endian(static_cast<std::uint32_t>(content.size() + 8)) + type + content;
}

// A HEIC without its stream: item 1 of the given size and number of quarter turns, with `bytes` bytes at the
// end.
std::string heic(std::uint32_t width, std::uint32_t height, char turns, std::uint32_t bytes) {
    const std::string version = "\0\0\0\0"s;
    const std::string properties =
        box("ispe", version + big_endian(width) + big_endian(height)) + box("irot", {turns});
    const std::string links = version + big_endian(1) + "\0\1\2\1\2"s;
    const std::string place = version + "\x44\0\0\1\0\1\0\0\0\1"s + big_endian(0) + big_endian(bytes);
    const std::string meta = version + box("pitm", version + "\0\1"s) + box("iloc", place) +
                             box("iprp", box("ipco", properties) + box("ipma", links));
    return box("ftyp", "heic\0\0\0\0mif1"s) + box("meta", meta);
}

TEST(Alpha, IsRoundedToNearest) {
    for (unsigned colour = 0; colour < 256; ++colour) {
        for (unsigned alpha = 0; alpha < 256; ++alpha) {
            const unsigned exact = (2 * (colour * alpha + 255 * (255 - alpha)) + 255) / 510;
            ASSERT_EQ(over_white(colour, alpha), exact) << colour << " " << alpha;
        }
    }
}

TEST(HeifHeader, TheSizeIsThatOfThePictureAsShown) {
    EXPECT_EQ(read_header(to_bytes(heic(64, 48, 0, 8)))->size, (Size{64, 48}));
    EXPECT_EQ(read_header(to_bytes(heic(64, 48, 1, 8)))->size, (Size{48, 64}));
    EXPECT_EQ(read_header(to_bytes(heic(64, 48, 2, 8)))->size, (Size{64, 48}));
    EXPECT_EQ(read_header(to_bytes(heic(64, 48, 3, 8)))->orientation, 1);
}

TEST(HeifHeader, AnItemPastTheEndMeansACutFile) {
    EXPECT_EQ(code_of(heic(64, 48, 0, 230)), ErrorCode::truncated_image);
    EXPECT_EQ(code_of(heic(64, 48, 0, 4'000'000'000)), ErrorCode::undecodable_image);
}

TEST(HeifHeader, AHugeSizeIsCaughtByTheLimit) {
    const auto header = read_header(to_bytes(heic(50'000, 50'000, 0, 8)));
    ASSERT_TRUE(header.has_value());
    EXPECT_EQ(check_header(*header, 300, {}).error().code, ErrorCode::too_many_pixels);
    EXPECT_EQ(code_of(heic(0xFFFFFFFFU, 1, 0, 8)), ErrorCode::undecodable_image);
}

std::string two_bytes(std::size_t value) {
    return {static_cast<char>(value >> 8U), static_cast<char>(value & 255U)};
}

// Item 1 is derived: of `type`, 64 x 48, made of `parts`; items 2 and 3 are coded tiles.
struct Derived {
    std::string type;
    std::string content;
    std::vector<std::size_t> parts;
};

std::string derived_heic(const Derived& one) {
    const std::string version = "\0\0\0\0"s;
    const auto entry = [&](std::size_t number, const std::string& type) {
        return box("infe", "\2\0\0\0"s + two_bytes(number) + "\0\0"s + type + "\0"s);
    };
    std::string references = two_bytes(1) + two_bytes(one.parts.size());
    for (const std::size_t part : one.parts) references += two_bytes(part);
    // Version 1 of iloc says that item 1's bytes are in the box idat.
    const std::string place = "\1\0\0\0\x44\0\0\1\0\1\0\1\0\0\0\1"s + big_endian(0) +
                              big_endian(static_cast<std::uint32_t>(one.content.size()));
    const std::string meta =
        version + box("pitm", version + "\0\1"s) + box("iloc", place) +
        box("iinf", version + two_bytes(3) + entry(1, one.type) + entry(2, "hvc1") + entry(3, "hvc1")) +
        box("iref", version + box("dimg", references)) + box("idat", one.content) +
        box("iprp", box("ipco", box("ispe", version + big_endian(64) + big_endian(48))) +
                        box("ipma", version + big_endian(1) + "\0\1\1\1"s));
    return box("ftyp", "heic\0\0\0\0mif1"s) + box("meta", meta);
}

std::string grid_of(std::size_t rows, std::size_t columns, std::size_t width, std::size_t height) {
    return "\0\0"s + static_cast<char>(rows - 1) + static_cast<char>(columns - 1) + two_bytes(width) +
           two_bytes(height);
}

TEST(HeifHeader, AGridMustMakeUpItsPicture) {
    const std::string grid = grid_of(1, 2, 64, 48);
    EXPECT_TRUE(read_header(to_bytes(derived_heic({"grid", grid, {2, 3}}))).has_value());
    for (const Derived& one :
         {Derived{"grid", grid_of(1, 2, 6400, 48), {2, 3}}, Derived{"grid", grid_of(1, 1, 64, 48), {2, 3}},
          Derived{"grid", grid_of(2, 2, 64, 48), {2, 3}}, Derived{"grid", "\0\0"s, {2, 3}},
          Derived{"grid", grid, {2, 4}}, Derived{"grid", grid, {1, 2}}, Derived{"grid", grid, {2}}})
        EXPECT_EQ(code_of(derived_heic(one)), ErrorCode::undecodable_image) << one.parts.size();
}

TEST(HeifHeader, DerivedItemsThatLeadAnywhereElseAreRefused) {
    EXPECT_TRUE(read_header(to_bytes(derived_heic({"iden", {}, {2}}))).has_value());
    EXPECT_EQ(code_of(derived_heic({"iden", {}, {1}})), ErrorCode::undecodable_image);
    EXPECT_EQ(code_of(derived_heic({"iden", {}, {2, 3}})), ErrorCode::undecodable_image);
    EXPECT_EQ(code_of(derived_heic({"iden", {}, {}})), ErrorCode::undecodable_image);
    EXPECT_EQ(code_of(derived_heic({"iovl", {}, {2, 3}})), ErrorCode::unsupported_media);
    // An AVIF that is the copy of itself: 226 bytes that killed the process with all its jobs.
    const auto poison = decode_base64(
        "AAAAFGZ0eXBhdmlmAAAAAGF2aWYAAADObWV0YQAAAAAAAAAhaGRscgAAAAAAAAAAcGljdAAAAAAAAAAAAAAAAAAAAAAOcGl0bQAA"
        "AAAAAQAAAB5pbG9jAAAAAEQAAAEAAQAAAAEAAAAAAAAAAQAAACNpaW5mAAAAAAABAAAAFWluZmUCAAAAAAEAAGlkZW4AAAAAOGlw"
        "cnAAAAAcaXBjbwAAABRpc3BlAAAAAAAAAEAAAABAAAAAFGlwbWEAAAAAAAAAAQABAQEAAAAaaXJlZgAAAAAAAAAOZGltZwABAAEA"
        "AQ==",
        1 * KiB
    );
    ASSERT_TRUE(poison.has_value());
    EXPECT_EQ(read_header(*poison).error().code, ErrorCode::undecodable_image);
}

// 41 s of work in 665 kB, once.
TEST(JpegHeader, ManyPassesOverManyPixelsAreRefused) {
    const auto progressive = [](std::uint32_t side, int scans) {
        std::string file = "\xFF\xD8\xFF\xC2\0\x0B\x08"s + two_bytes(side) + two_bytes(side) + "\1\1\x11\0"s;
        for (int i = 0; i < scans; ++i) file += "\xFF\xDA\0\x08\1\1\0\0\0\0 "s;
        return file + "\xFF\xD9"s;
    };
    const auto few = read_header(to_bytes(progressive(9'984, 12)));
    ASSERT_TRUE(few.has_value());
    EXPECT_EQ(few->scans, 12);
    EXPECT_EQ(code_of(progressive(9'984, 495)), ErrorCode::too_large);
    EXPECT_TRUE(read_header(to_bytes(progressive(1'000, 495))).has_value());
}

TEST(HeifHeader, ACutContainerMeansACutFile) {
    const std::string whole = heic(64, 48, 0, 8);
    for (std::size_t length = 40; length < whole.size(); ++length)
        EXPECT_EQ(code_of(whole.substr(0, length)), ErrorCode::truncated_image) << length;
}

TEST(BoxWalk, ABoxLongerThanItsParentEndsTheWalk) {
    const Bytes bytes = to_bytes(box("free", "1234") + big_endian(100) + "free");
    BoxWalk walk{BytesView(bytes)};
    EXPECT_TRUE(walk.next().has_value());
    EXPECT_FALSE(walk.next().has_value());
    EXPECT_FALSE(walk.at_end());
    const Bytes short_one = to_bytes(big_endian(7) + "free");
    EXPECT_FALSE(BoxWalk{BytesView(short_one)}.next().has_value());
}

// 22 fixed bytes, one array of sequence parameters with one unit: a profile, then 128 x 64 in Golomb code.
TEST(Hevc, TheStreamGivesItsOwnSize) {
    const std::string unit = "\x42\x01\x01"s + std::string(12, '\x11') + "\xA0\x10\x20\x41"s;
    const std::string record =
        std::string(22, '\0') + "\x01\x21\0\x01\0"s + static_cast<char>(unit.size()) + unit;
    const Bytes bytes = to_bytes(record);
    EXPECT_EQ(read_hevc_size(BytesView(bytes)), (Size{128, 64}));
    const Bytes none = to_bytes(std::string(23, '\0'));
    EXPECT_EQ(read_hevc_size(BytesView(none)), std::nullopt);
    // And repeats it between its pictures, where it counts as well.
    const std::string other = "\x26\x01\x11\x22"s;
    const auto counted = [](const std::string& one) {
        return big_endian(static_cast<std::uint32_t>(one.size())) + one;
    };
    const Bytes stream = to_bytes(counted(other) + counted(unit) + counted(other));
    EXPECT_EQ(read_hevc_stream_size(BytesView(stream)), (Size{128, 64}));
    const Bytes pictures = to_bytes(counted(other) + counted(other));
    EXPECT_EQ(read_hevc_stream_size(BytesView(pictures)), std::nullopt);
}

std::string from_bits(std::string bits) {
    std::string bytes;
    bits.resize((bits.size() + 7) / 8 * 8, '0');
    for (std::size_t i = 0; i < bits.size(); i += 8)
        bytes += static_cast<char>(std::stoi(bits.substr(i, 8), nullptr, 2));
    return bytes;
}

// An AV1 unit with its length after its header.
std::string av1_unit(std::uint32_t type, const std::string& content) {
    return std::string{static_cast<char>(type << 3 | 2U), static_cast<char>(content.size())} + content;
}

TEST(Av1, TheStreamGivesItsOwnSize) {
    const std::string size =
        "1111"
        "1011"
        "0001111100111111"
        "101110110111";  // 8000 x 3000 in 16 and 12 bits
    const std::string still =
        "000"
        "1"
        "1"
        "00100";
    const std::string word(32, '0');
    const std::string timing = "1" + word + word +
                               "1"
                               "1";
    const std::string buffers =
        "1"
        "00100" +
        word +
        "00000"
        "00000";
    const std::string high_level =
        "000000000000"
        "01000"
        "0"
        "1"
        "00000"
        "00000"
        "0"
        "1"
        "0000";
    const std::string low_level =
        "000000000000"
        "00011"
        "0"
        "0";
    const std::string film =
        "000"
        "0"
        "0" +
        timing + buffers +
        "1"
        "00001" +
        high_level + low_level;
    for (const std::string& head : {still, film}) {
        const std::string stream = av1_unit(2, "") + av1_unit(1, from_bits(head + size)) + av1_unit(6, "abc");
        const Bytes bytes = to_bytes(stream);
        EXPECT_EQ(read_av1_size(BytesView(bytes)), (Size{8000, 3000}));
    }
    const Bytes none = to_bytes(av1_unit(2, "") + av1_unit(6, "abc"));
    EXPECT_EQ(read_av1_size(BytesView(none)), std::nullopt);
}

TEST(GifHeader, TheCanvasGrowsToHoldTheFirstFrame) {
    const std::string screen = "GIF89a\x04\0\x03\0\0\0\0"s;
    const std::string frame = ",\x02\0\x02\0\x05\0\x06\0\0\x02\x01\x44\0;"s;
    const Bytes bytes = to_bytes(screen + frame);
    const auto layout = read_gif_layout(BytesView(bytes));
    ASSERT_TRUE(layout.has_value());
    EXPECT_EQ(layout->canvas, (Size{7, 8}));
    EXPECT_EQ(layout->frame, (Size{5, 6}));
    EXPECT_EQ(code_of((screen + frame).substr(0, 25)), ErrorCode::truncated_image);
    EXPECT_EQ(code_of(screen + ";"), ErrorCode::undecodable_image);
}

TEST(Fast, AJpegIsDecodedAtTheSmallestFractionThatLeavesTwiceTheSides) {
    const Bytes encoded = fixtures::picture("subsampled.jpg");  // 40 x 26
    const auto at = [&](Size cover, bool fast) { return decode_image(encoded, {}, {cover, fast})->info; };
    EXPECT_EQ(at({10, 6}, false).path, PixelPath::whole);
    EXPECT_EQ(at({}, true).path, PixelPath::whole);
    EXPECT_EQ(at({11, 6}, true).path, PixelPath::whole);
    const ImageInfo half = at({10, 6}, true);
    EXPECT_EQ(half.path, PixelPath::scaled);
    EXPECT_EQ(half.size, (Size{20, 13}));
    EXPECT_EQ(half.full, (Size{40, 26}));
    EXPECT_EQ(at({5, 3}, true).size, (Size{10, 7}));
    EXPECT_EQ(at({2, 2}, true).size, (Size{5, 4}));
}

TEST(Fast, TheSidesAreThoseOfTheUprightPicture) {
    const Bytes encoded = fixtures::picture("orientation_6.jpg");  // 21 x 34, shown as 34 x 21
    EXPECT_EQ(decode_image(encoded, {}, {{8, 5}, true})->info.size, (Size{17, 11}));
    EXPECT_EQ(decode_image(encoded, {}, {{5, 8}, true})->info.path, PixelPath::whole);
}

}  // namespace
}  // namespace vignette
