#include "core/film_kind.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace vignette {
namespace {

using namespace std::string_view_literals;

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

TEST(FilmKind, IsRecognisedByItsFirstBytes) {
    EXPECT_EQ(
        film_kind(bytes("\0\0\0\x18"
                        "ftypisom\0\0\2\0isomavc1"sv)),
        FilmKind::mp4
    );
    EXPECT_EQ(
        film_kind(bytes("\0\0\0\x14"
                        "ftypqt  \0\0\2\0qt  "sv)),
        FilmKind::mov
    );
    EXPECT_EQ(film_kind(bytes("\0\0\1\0mdat"sv)), FilmKind::mov);
    EXPECT_EQ(film_kind(bytes("\x1A\x45\xDF\xA3\x9F\x42\x82\x84webm"sv)), FilmKind::webm);
    EXPECT_EQ(film_kind(bytes("\x1A\x45\xDF\xA3\xA3\x42\x82\x88matroska"sv)), FilmKind::matroska);
    EXPECT_EQ(film_kind(bytes("RIFF\4\0\0\0AVI LIST"sv)), FilmKind::avi);
    EXPECT_EQ(film_kind(bytes("OggS\0\2\0\0\0\0"sv)), FilmKind::ogg);
}

TEST(FilmKind, PicturesInTheSameContainersAreNotFilms) {
    EXPECT_EQ(
        film_kind(bytes("\0\0\0\x18"
                        "ftypheic\0\0\0\0mif1heic"sv)),
        std::nullopt
    );
    EXPECT_EQ(
        film_kind(bytes("\0\0\0\x1C"
                        "ftypmif1\0\0\0\0avifmif1miaf"sv)),
        std::nullopt
    );
    EXPECT_EQ(
        film_kind(bytes("\0\0\0\x18"
                        "ftypcrx \0\0\0\1crx isom"sv)),
        std::nullopt
    );
    EXPECT_EQ(film_kind(bytes("RIFF\4\0\0\0WEBPVP8 "sv)), std::nullopt);
    for (const std::string_view text : {""sv, "f"sv, "RIFF"sv, "ftyp"sv, "\xFF\xD8\xFF"sv, "#EXTM3U\n"sv})
        EXPECT_EQ(film_kind(bytes(text)), std::nullopt);
}

TEST(FilmKind, BoxesThatReachBeyondTheEndAreCut) {
    const auto cut = [](std::string_view text) { return is_cut_short(bytes(text), FilmKind::mp4); };
    EXPECT_FALSE(
        cut("\0\0\0\x08"
            "ftyp\0\0\0\x0Cmdatabcd"sv)
    );
    EXPECT_TRUE(
        cut("\0\0\0\x08"
            "ftyp\0\0\0\x0Cmdatabc"sv)
    );
    EXPECT_TRUE(
        cut("\0\0\0\x08"
            "ftyp\0\0\0\x01mdat\0\0\0\1\0\0\0\0abc"sv)
    ) << "a size of 64 bits";
    EXPECT_FALSE(
        cut("\0\0\0\x08"
            "ftyp\0\0\0\0mdatabc"sv)
    ) << "up to the end";
    EXPECT_FALSE(
        cut("\0\0\0\x08"
            "ftypgarbage behind the film"sv)
    );
    EXPECT_FALSE(
        cut("\0\0\0\x08"
            "ftyp\0\0\0\x08mdat\0\0"sv)
    );
}

TEST(FilmKind, ASegmentOfUnknownLengthIsNeverCut) {
    const auto cut = [](std::string_view text) { return is_cut_short(bytes(text), FilmKind::matroska); };
    EXPECT_FALSE(
        cut("\x1A\x45\xDF\xA3\x80\x18\x53\x80\x67\x83"
            "abc"sv)
    );
    EXPECT_TRUE(
        cut("\x1A\x45\xDF\xA3\x80\x18\x53\x80\x67\x84"
            "abc"sv)
    );
    EXPECT_FALSE(
        cut("\x1A\x45\xDF\xA3\x80\x18\x53\x80\x67\xFF"
            "abc"sv)
    );
    EXPECT_FALSE(
        cut("\x1A\x45\xDF\xA3\x80\x18\x53\x80\x67\x01\xFF\xFF\xFF\xFF\xFF\xFF\xFF"
            "abc"sv)
    );
    EXPECT_TRUE(cut("\x1A\x45\xDF\xA3\x80\x18\x53\x80"sv));
    EXPECT_TRUE(cut("\x1A\x45\xDF\xA3"sv));
}

TEST(FilmKind, AnAviIsASequenceOfRiffs) {
    const auto cut = [](std::string_view text) { return is_cut_short(bytes(text), FilmKind::avi); };
    EXPECT_FALSE(cut("RIFF\4\0\0\0AVI RIFF\4\0\0\0AVIX"sv));
    EXPECT_TRUE(cut("RIFF\4\0\0\0AVI RIFF\5\0\0\0AVIX"sv));
    EXPECT_TRUE(cut("RIFF\5\0\0\0AVI "sv));
    EXPECT_FALSE(cut("RIFF\0\0\0\0AVI LIST"sv)) << "never finished: its length was not written";
}

TEST(FilmKind, AnOggIsASequenceOfPages) {
    const auto cut = [](std::string_view text) { return is_cut_short(bytes(text), FilmKind::ogg); };
    const std::string head("OggS\0\2granule-seriabcdeffe\2\3\1"sv);  // two segments, of three bytes and one
    const std::string page = head + "1234";
    EXPECT_FALSE(cut(page));
    EXPECT_FALSE(cut(page + page));
    EXPECT_FALSE(cut(page + "garbage behind the film"));
    EXPECT_TRUE(cut(page + head + "123"));
    EXPECT_TRUE(cut(page + head.substr(0, head.size() - 1)));
    EXPECT_TRUE(cut(page + "OggS\0"));
}

}  // namespace
}  // namespace vignette
