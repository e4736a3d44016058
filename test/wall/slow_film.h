// A film of one frame that takes seconds to decode and is small: slow_jpeg() with its passes many times over.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "film/film_fixtures.h"
#include "wall/slow_jpeg.h"

namespace vignette {

inline std::string little_endian(std::initializer_list<std::uint32_t> numbers) {
    std::string text;
    for (const std::uint32_t number : numbers) {
        for (unsigned shift = 0; shift < 32; shift += 8) text += static_cast<char>(number >> shift & 255U);
    }
    return text;
}

inline std::string avi_chunk(std::string_view name, std::string_view content) {
    std::string chunk(name);
    chunk += little_endian({static_cast<std::uint32_t>(content.size())});
    chunk += content;
    if (content.size() % 2 == 1) chunk += '\0';
    return chunk;
}

inline std::string repeat_passes(const Bytes& jpeg, unsigned times) {
    const std::string_view file(reinterpret_cast<const char*>(jpeg.data()), jpeg.size());
    const std::size_t begin = file.find("\xff\xc4");  // the first table, which the first pass follows
    const std::size_t end = file.size() - 2;
    std::string repeated(file.substr(0, begin));
    for (unsigned i = 0; i < times; ++i) repeated += file.substr(begin, end - begin);
    return repeated += file.substr(end);
}

inline Bytes slow_film(unsigned side, unsigned times) {
    const std::string main = little_endian({40'000, 0, 0, 0, 1, 0, 1, 0, side, side, 0, 0, 0, 0});
    const std::string stream = "vidsMJPG" + little_endian({0, 0, 0, 1, 25, 0, 1, 0, 0, 0, 0, 0});
    const std::string format =
        little_endian({40, side, side, 1 | 24U << 16}) + "MJPG" + little_endian({0, 0, 0, 0, 0});
    const std::string track = "strl" + avi_chunk("strh", stream) + avi_chunk("strf", format);
    const std::string header = "hdrl" + avi_chunk("avih", main) + avi_chunk("LIST", track);
    const std::string movie = "movi" + avi_chunk("00dc", repeat_passes(slow_jpeg(side), times));
    return fixtures::bytes_of(avi_chunk("RIFF", "AVI " + avi_chunk("LIST", header) + avi_chunk("LIST", movie))
    );
}

}  // namespace vignette
