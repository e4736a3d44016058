#include "film/file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "core/film_kind.h"
#include "film/film_fixtures.h"

namespace vignette {
namespace {

using fixtures::film;

struct Told {
    std::vector<double> times;
    std::vector<Image> pictures;
    std::optional<Error> error;
    FilmFacts facts;
};

Told read_all(std::span<const std::byte> file, const Limits& limits = {}, const std::stop_token& stop = {}) {
    Told told;
    Result<FilmFile> opened = FilmFile::open(file, limits, stop);
    if (!opened) {
        told.error = opened.error();
        return told;
    }
    told.facts = opened->facts();
    for (;;) {
        const auto shown = opened->next();
        if (!shown) told.error = shown.error();
        if (!shown || !*shown) return told;
        told.times.push_back((*shown)->from);
        EXPECT_GE((*shown)->until, (*shown)->from);
        Result<Image> picture = opened->picture();
        if (picture) told.pictures.push_back(*std::move(picture));
        EXPECT_TRUE(opened->thumbnail().has_value());
    }
}

// The colour in the middle: 'r', 'b' or '?'.
char colour_of(const Image& image) {
    const std::size_t middle =
        static_cast<std::size_t>(image.size.height / 2 * image.size.width + image.size.width / 2) * 3;
    const int red = image.rgb[middle];
    const int blue = image.rgb[middle + 2];
    return red > 180 && blue < 80 ? 'r' : blue > 180 && red < 80 ? 'b' : '?';
}

std::string colours_of(const std::vector<Image>& pictures) {
    std::string colours;
    for (const Image& one : pictures) colours += colour_of(one);
    colours.erase(std::ranges::unique(colours).begin(), colours.end());
    return colours;
}

TEST(FilmFile, EveryContainerAndCodecGivesItsFramesWithTheirTimesAndColours) {
    for (const auto& tiny : fixtures::tiny_films) {
        const Told told = read_all(film(tiny.file));
        EXPECT_FALSE(told.error.has_value()) << tiny.file << ": " << told.error->message;
        EXPECT_EQ(told.facts.container, tiny.container) << tiny.file;
        EXPECT_EQ(told.facts.codec, tiny.codec) << tiny.file;
        EXPECT_EQ(told.facts.fps > 0, true) << tiny.file;
        EXPECT_NEAR(told.facts.duration, 1.6, 0.4) << tiny.file;
        ASSERT_GE(told.times.size(), 4U) << tiny.file;
        EXPECT_EQ(colours_of(told.pictures), "rb") << tiny.file;
        EXPECT_TRUE(std::ranges::is_sorted(told.times)) << tiny.file;
        for (const double time : {0.0, 0.48, 0.96, 1.44}) {
            const auto near = [&](double one) { return std::abs(one - time) < 0.05; };
            EXPECT_TRUE(std::ranges::any_of(told.times, near)) << tiny.file << " at " << time;
        }
    }
}

TEST(FilmFile, FramesAreRotatedAsAPlayerRotatesThem) {
    const Told told = read_all(film("turned.mp4"));
    ASSERT_EQ(told.pictures.size(), 4U);
    EXPECT_EQ(told.facts.size, (Size{48, 64}));
    for (const Image& one : told.pictures) EXPECT_EQ(one.size, (Size{48, 64}));
}

TEST(FilmFile, AnEmptyPacketShowsTheFrameBeforeItForLonger) {
    const Bytes file = film("theora-repeats.ogv");
    Result<FilmFile> opened = FilmFile::open(file, {}, {});
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    std::vector<double> untils;
    while (const std::optional<Shown> shown = opened->next().value_or(std::nullopt))
        untils.push_back(shown->until);
    ASSERT_EQ(untils.size(), 4U);
    EXPECT_NEAR(untils.at(0), 0.48, 0.001);
    EXPECT_NEAR(untils.at(3), 1.48, 0.001);
    EXPECT_EQ(opened->damaged(), 0);
}

TEST(FilmFile, WhatIsNotAFilmIsRefusedWithoutAskingTheLibrary) {
    for (const std::string_view text : {
             "#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
             "ffconcat version 1.0\nfile '/etc/passwd'\n",
             "<html></html>",
             "x",
             "\xFF\xD8\xFF\xE0 a JPEG",
             "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\nm=video 5004 RTP/AVP 96\r\n",
         }) {
        const Told told = read_all(fixtures::bytes_of(text));
        ASSERT_TRUE(told.error.has_value()) << text;
        EXPECT_EQ(told.error->code, ErrorCode::unsupported_media) << text;
        EXPECT_NE(told.error->message.find("send MP4"), std::string::npos) << text;
    }
    EXPECT_EQ(read_all({}).error->code, ErrorCode::empty_image);
}

TEST(FilmFile, SoundAloneIsNotAFilm) {
    const Told told = read_all(film("sound.mp4"));
    ASSERT_TRUE(told.error.has_value());
    EXPECT_EQ(told.error->code, ErrorCode::unsupported_media);
    EXPECT_NE(told.error->message.find("no moving pictures"), std::string::npos);
}

TEST(FilmFile, AnUnsupportedCodecIsNamed) {
    Bytes file = film("mpeg2.mkv");
    const auto at = std::ranges::search(file, fixtures::bytes_of("V_MPEG2"));
    ASSERT_FALSE(at.empty());
    std::ranges::copy(fixtures::bytes_of("V_DIRAC"), at.begin());
    const Told told = read_all(file);
    ASSERT_TRUE(told.error.has_value());
    EXPECT_EQ(told.error->code, ErrorCode::unsupported_media);
    EXPECT_NE(told.error->message.find("dirac"), std::string::npos) << told.error->message;
}

TEST(FilmFile, TooManyPixelsAreRefusedBeforeAnythingIsDecoded) {
    const Told told = read_all(film("h264.mp4"), Limits{.image_pixels_max = 64 * 48 - 1});
    ASSERT_TRUE(told.error.has_value());
    EXPECT_EQ(told.error->code, ErrorCode::too_many_pixels);
    EXPECT_FALSE(read_all(film("h264.mp4"), Limits{.image_pixels_max = 64 * 48}).error.has_value());
}

TEST(FilmFile, FramesBeforeACutAreKeptAndTheCutIsReported) {
    const Bytes whole = film("h264-fragments.mp4");
    std::size_t most = 0;
    for (std::size_t size = 8; size < whole.size(); size += 7) {
        const Told told = read_all(std::span(whole).first(size));
        most = std::max(most, told.times.size());
        if (is_cut_short(std::span(whole).first(size), FilmKind::mp4)) {
            ASSERT_TRUE(told.error.has_value()) << size;
            EXPECT_EQ(told.error->code, ErrorCode::truncated_image) << size;
        }
        EXPECT_TRUE(std::string("rb").starts_with(colours_of(told.pictures))) << size;
    }
    EXPECT_GT(most, 0U);
    for (const auto& tiny : fixtures::tiny_films) {
        const Bytes file = film(tiny.file);
        const Told told = read_all(std::span(file).first(file.size() * 3 / 4));
        ASSERT_TRUE(told.error.has_value()) << tiny.file;
        EXPECT_EQ(told.error->code, ErrorCode::truncated_image) << tiny.file;
    }
}

TEST(FilmFile, AStopEndsItAtAnyPoint) {
    const Bytes file = film("h264.mp4");
    std::stop_source stop;
    Result<FilmFile> opened = FilmFile::open(file, {}, stop.get_token());
    ASSERT_TRUE(opened.has_value());
    ASSERT_TRUE(opened->next().has_value());
    stop.request_stop();
    const auto next = opened->next();
    ASSERT_FALSE(next.has_value());
    EXPECT_EQ(next.error().code, ErrorCode::cancelled);
    EXPECT_EQ(read_all(file, {}, stop.get_token()).error->code, ErrorCode::cancelled);
}

// The first frame that begins at the time, or the one on screen then.
std::optional<Image> frame_for(
    std::span<const std::byte> file, const NextWanted& wanted, bool skip, int& decoded
) {
    Result<FilmFile> opened = FilmFile::open(file, {}, {});
    EXPECT_TRUE(opened.has_value());
    while (const std::optional<Shown> shown = opened->next().value_or(std::nullopt)) {
        ++decoded;
        if (wanted.begins ? shown->from >= wanted.at : wanted.at < shown->until || shown->last)
            return opened->picture().value();
        if (skip) opened->skip_to(wanted);
    }
    return std::nullopt;
}

TEST(FilmFile, SkippingLosesNoFrameThatIsAskedFor) {
    for (const std::string_view file :
         {"gops.mp4", "h264.mp4", "mpeg4.avi", "mpeg4.mov", "vp9.webm", "mpeg2.mkv", "theora.ogv"}) {
        const Bytes bytes = film(file);
        int all = 0;
        int skipped = 0;
        for (double at = 0; at < 20; at += 0.31) {
            for (const bool begins : {true, false}) {
                const auto expected = frame_for(bytes, {at, begins}, false, all);
                const auto found = frame_for(bytes, {at, begins}, true, skipped);
                ASSERT_EQ(found.has_value(), expected.has_value()) << file << " at " << at;
                EXPECT_TRUE(!found || found->rgb == expected->rgb) << file << " at " << at << ' ' << begins;
            }
        }
        EXPECT_LE(skipped, all) << file;
        EXPECT_TRUE(file != "gops.mp4" || skipped < all * 2 / 3)
            << skipped << " of " << all << " frames decoded";
    }
}

std::int64_t peak_memory() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss * 1024;
}

void patch(Bytes& file, std::string_view box, std::size_t offset, std::uint32_t value) {
    const auto at = std::ranges::search(file, fixtures::bytes_of(box));
    ASSERT_FALSE(at.empty()) << box;
    for (std::size_t i = 0; i < 4; ++i) {
        at.begin()[static_cast<std::ptrdiff_t>(box.size() + offset + i)] =
            static_cast<std::byte>(value >> (24 - 8 * i));
    }
}

TEST(FilmFile, AThousandBytesThatClaimAHundredMillionFramesTakeNoMemoryForThem) {
    constexpr std::uint32_t claimed = 100'000'000;
    Bytes listed = film("mpeg4.mov");
    patch(listed, "stsz", 4, 1);  // each one byte long
    patch(listed, "stsz", 8, claimed);
    patch(listed, "stts", 8, claimed);
    patch(listed, "stsc", 12, claimed);  // all in the first chunk
    Bytes fragment = film("h264-fragments.mp4");
    patch(fragment, "trun", 0, 0);  // each with the fragment's defaults
    patch(fragment, "trun", 4, claimed);
    const std::int64_t before = peak_memory();
    EXPECT_TRUE(read_all(listed).error.has_value());
    EXPECT_TRUE(read_all(fragment).error.has_value());
    EXPECT_LT(peak_memory() - before, std::int64_t{300} << 20);
}

TEST(FilmFile, MutatedFilmsEndInFramesOrAnError) {
    const char* given = std::getenv("VIGNETTE_TEST_SEED");
    const auto seed =
        given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : std::random_device{}();
    std::printf("mutated films: VIGNETTE_TEST_SEED=%u\n", seed);
    std::mt19937 random(seed);
    const auto below = [&](std::size_t end) { return static_cast<std::size_t>(random() % end); };
    const Limits limits{.image_pixels_max = 512 * 512};
    std::size_t decoded = 0;
    for (int round = 0; round < 400; ++round) {
        Bytes file = film(fixtures::tiny_films[below(fixtures::tiny_films.size())].file);
        const std::size_t changes = 1 + below(8);
        for (std::size_t i = 0; i < changes; ++i) file[below(file.size())] = static_cast<std::byte>(random());
        if (below(4) == 0) file.resize(below(file.size()));
        const Told told = read_all(file, limits);
        decoded += told.times.size();
        EXPECT_TRUE(std::ranges::is_sorted(told.times));
        EXPECT_EQ(told.times.size(), told.pictures.size());
        for (const Image& one : told.pictures) {
            EXPECT_LE(one.size.pixels(), limits.image_pixels_max);
            EXPECT_EQ(one.rgb.size(), static_cast<std::size_t>(one.size.pixels()) * 3);
        }
        EXPECT_TRUE(!told.error || !told.error->message.empty());
    }
    EXPECT_GT(decoded, 40U);
}

}  // namespace
}  // namespace vignette
