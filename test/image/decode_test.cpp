#include "image/decode.h"

#include <algorithm>
#include <cstdlib>
#include <random>
#include <set>

#include "image/fixtures.h"

namespace vignette {
namespace {

Result<DecodedImage> decode(std::span<const std::byte> encoded) {
    return decode_image(encoded, {.image_pixels_max = 1'000'000});
}

Samples reference(const std::string& file) {
    const Bytes bytes = fixtures::picture(file + ".rgb");
    Samples rgb;
    for (const std::byte byte : bytes) rgb.push_back(std::to_integer<std::uint8_t>(byte));
    return rgb;
}

double mean_difference(std::span<const std::uint8_t> left, std::span<const std::uint8_t> right) {
    double sum = 0;
    for (std::size_t i = 0; i < left.size(); ++i) sum += std::abs(int{left[i]} - int{right[i]});
    return sum / static_cast<double>(left.size());
}

TEST(Decode, PixelsArePillows) {
    for (const fixtures::Picture& picture : fixtures::pictures()) {
        const auto decoded = decode(fixtures::picture(picture.file));
        ASSERT_TRUE(decoded.has_value()) << picture.file << ": " << decoded.error().message;
        const Samples expected = reference(picture.file);
        ASSERT_EQ(decoded->image.rgb.size(), expected.size()) << picture.file;
        EXPECT_LE(mean_difference(decoded->image.rgb, expected), picture.tolerance) << picture.file;
        EXPECT_EQ(decoded->image.size, picture.shown) << picture.file;
        EXPECT_EQ(decoded->info, (ImageInfo{picture.shown, fixtures::format_of(picture)})) << picture.file;
    }
}

TEST(Decode, ALimitAppliesBeforeDecoding) {
    const auto decoded = decode_image(fixtures::picture("rgb.png"), {.image_pixels_max = 1039});
    ASSERT_FALSE(decoded.has_value());
    EXPECT_EQ(decoded.error().code, ErrorCode::too_many_pixels);
}

// A truncated file is an error or, if the pixels do not depend on the missing part, the very same picture:
// never half of it.
TEST(Decode, ACutPictureIsNeverHalfAPicture) {
    const std::set<ErrorCode> expected{
        ErrorCode::truncated_image, ErrorCode::undecodable_image, ErrorCode::empty_image,
        ErrorCode::not_an_image
    };
    for (const char* file :
         {"subsampled.jpg", "progressive.jpg", "restarts.jpg", "cmyk.jpg", "orientation_6.jpg", "rgb.png",
          "interlaced.png", "palette.png", "lossy.webp", "lossless.webp", "lossy_alpha.webp",
          "orientation_8.webp", "palette.bmp", "rgb.bmp"}) {
        const Bytes whole = fixtures::picture(file);
        const Samples pixels = decode(whole)->image.rgb;
        std::size_t accepted = 0;
        for (std::size_t length = 0; length < whole.size(); ++length) {
            const Bytes cut(
                whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)
            );  // so that ASan knows where it ends
            const auto decoded = decode(cut);
            if (decoded) {
                ++accepted;
                EXPECT_EQ(decoded->image.rgb, pixels) << file << " cut to " << length;
            } else {
                EXPECT_TRUE(expected.contains(decoded.error().code)) << file << " cut to " << length;
                if (length > 200) {
                    EXPECT_EQ(decoded.error().code, ErrorCode::truncated_image)
                        << file << " cut to " << length;
                }
            }
        }
        const bool plain_jpeg =
            std::string_view(file).ends_with(".jpg") && std::string_view(file) != "progressive.jpg";
        EXPECT_LE(accepted, plain_jpeg ? 4U : 0U) << file;
    }
}

TEST(Decode, ACutPictureSaysWhatToDo) {
    Bytes cut = fixtures::picture("rgb.png");
    cut.resize(cut.size() - 5);
    EXPECT_EQ(decode(cut).error().message, "the PNG is cut short: its end is missing; send the whole file");
}

TEST(Decode, AJpegThatLacksOnlyItsEndMarkerIsAccepted) {
    Bytes cut = fixtures::picture("subsampled.jpg");
    cut.resize(cut.size() - 2);
    EXPECT_EQ(decode(cut)->image.rgb, reference("subsampled.jpg"));
}

// Records what it receives, and what the rows were at that time.
class NotingSink final : public RowSink {
public:
    void accept_rows(Size whole, std::span<const std::uint8_t> rows) override {
        size = whole;
        counts.push_back(rows.size());
        seen.assign(rows.begin(), rows.end());
    }
    void forget() override { forgotten = true; }

    Size size;
    std::vector<std::size_t> counts;
    Samples seen;
    bool forgotten = false;
};

TEST(Decode, TheSinkGetsTheRowsOfAnUprightJpegAsTheyAreDecoded) {
    for (const char* file : {"subsampled.jpg", "progressive.jpg", "restarts.jpg"}) {
        NotingSink sink;
        const auto decoded = decode_image(fixtures::picture(file), Limits{}, {.sink = &sink});
        EXPECT_EQ(sink.size, decoded->image.size) << file;
        EXPECT_GT(sink.counts.size(), 1U) << file;
        EXPECT_TRUE(std::ranges::is_sorted(sink.counts)) << file;
        EXPECT_EQ(sink.seen, decoded->image.rgb) << file;
        EXPECT_FALSE(sink.forgotten) << file;
    }
}

TEST(Decode, TheSinkGetsNoRowsThatAreNotThoseOfThePicture) {
    for (const char* file : {"cmyk.jpg", "orientation_6.jpg", "rgb.png"}) {
        NotingSink sink;
        EXPECT_TRUE(decode_image(fixtures::picture(file), Limits{}, {.sink = &sink}).has_value());
        EXPECT_TRUE(sink.counts.empty()) << file;
    }
}

TEST(Decode, TheSinkForgetsTheRowsOfAFileThatIsCutShort) {
    Bytes cut = fixtures::picture("subsampled.jpg");
    cut.resize(cut.size() - 40);
    NotingSink sink;
    EXPECT_FALSE(decode_image(cut, Limits{}, {.sink = &sink}).has_value());
    EXPECT_TRUE(sink.forgotten);
}

TEST(Decode, BytesAfterThePictureAreIgnored) {
    for (const char* file : {"subsampled.jpg", "rgb.png", "lossy.webp", "rgb.bmp"}) {
        Bytes longer = fixtures::picture(file);
        longer.resize(longer.size() + 100, std::byte{7});
        EXPECT_TRUE(decode(longer).has_value()) << file;
    }
}

// Checksums cover everything the pixels depend on; the rest is not even read.
TEST(Decode, AChangedPngIsAnErrorOrTheSamePicture) {
    const Bytes whole = fixtures::picture("orientation_6.png");
    const Samples pixels = decode(whole)->image.rgb;
    for (std::size_t i = 0; i < whole.size(); ++i) {
        Bytes changed = whole;
        changed[i] ^= std::byte{0x10};
        const auto decoded = decode(changed);
        if (decoded && decoded->image.size == Size{34, 21}) {  // otherwise the orientation byte was hit
            EXPECT_EQ(decoded->image.rgb, pixels) << "byte " << i;
        }
    }
}

// All checksums are right, so only the decoder can notice: its half-filled picture must not be returned.
TEST(Decode, APngWithTooFewRowsIsDamaged) {
    const auto decoded = decode(fixtures::picture("damaged/few_rows.png"));
    ASSERT_FALSE(decoded.has_value());
    EXPECT_EQ(decoded.error().code, ErrorCode::undecodable_image);
}

TEST(Decode, DamageNeverCrashes) {
    std::mt19937 random(20260101);
    const std::vector<fixtures::Picture> pictures = fixtures::pictures();
    std::vector<Bytes> encoded;
    for (const fixtures::Picture& picture : pictures) encoded.push_back(fixtures::picture(picture.file));
    for (int round = 0; round < 2000; ++round) {
        Bytes changed = encoded[random() % encoded.size()];
        for (std::size_t flips = 1 + random() % 4; flips > 0; --flips)
            changed[random() % changed.size()] ^= static_cast<std::byte>(1U << random() % 8);
        const auto decoded = decode(changed);
        if (decoded) {
            EXPECT_EQ(decoded->image.rgb.size(), static_cast<std::size_t>(decoded->image.size.pixels()) * 3);
        } else {
            EXPECT_FALSE(decoded.error().message.empty());
        }
    }
}

}  // namespace
}  // namespace vignette
