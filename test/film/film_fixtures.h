// The tiny films of the fuzz corpus: four pictures, two red and two blue (scripts/py/media/films.py makes
// them).
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "vignette/bytes.h"

namespace vignette::fixtures {

struct TinyFilm {
    std::string_view file;
    std::string_view container;
    std::string_view codec;
};

inline constexpr std::array tiny_films{
    TinyFilm{"h264.mp4", "mp4", "h264"},      TinyFilm{"h264-fragments.mp4", "mp4", "h264"},
    TinyFilm{"hevc.mkv", "matroska", "hevc"}, TinyFilm{"vp8.webm", "webm", "vp8"},
    TinyFilm{"vp9.webm", "webm", "vp9"},      TinyFilm{"av1.mkv", "matroska", "av1"},
    TinyFilm{"mpeg4.avi", "avi", "mpeg4"},    TinyFilm{"mpeg4.mov", "mov", "mpeg4"},
    TinyFilm{"mjpeg.avi", "avi", "mjpeg"},    TinyFilm{"mpeg2.mkv", "matroska", "mpeg2video"},
    TinyFilm{"theora.ogv", "ogg", "theora"},
};

inline Bytes bytes_of(std::string_view text) {
    const auto* first = reinterpret_cast<const std::byte*>(text.data());
    return {first, first + text.size()};
}

inline Bytes film(std::string_view file) {
    const std::string path = std::string(VIGNETTE_TEST_DIR) + "/fuzz/corpus/film/" + std::string(file);
    std::ifstream stream(path, std::ios::binary);
    EXPECT_TRUE(stream.is_open()) << path;
    return bytes_of(std::string{std::istreambuf_iterator<char>(stream), {}});
}

}  // namespace vignette::fixtures
