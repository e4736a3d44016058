// The pictures in test/golden/images/, and what index.txt says about them.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "image/read_header.h"
#include "vignette/bytes.h"
#include "vignette/image.h"

namespace vignette::fixtures {

struct Picture {
    std::string file;
    std::string format;
    Size shown;
    int orientation = 1;
    double tolerance = 0;  // mean difference from Pillow's pixels
};

inline std::filesystem::path folder() {
    return std::filesystem::path(VIGNETTE_TEST_DIR) / "golden" / "images";
}

inline Bytes to_bytes(std::string_view text) {
    const auto view = std::as_bytes(std::span(text));
    return {view.begin(), view.end()};
}

inline std::string big_endian(std::uint32_t value) {
    std::string text;
    for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(value >> shift & 0xFFU);
    return text;
}

// Why the header of these bytes is refused.
inline Error error_of(const Bytes& encoded) {
    const auto header = read_header(encoded);
    EXPECT_FALSE(header.has_value());
    return header ? Error{} : header.error();
}
inline ErrorCode code_of(const std::string& encoded) { return error_of(to_bytes(encoded)).code; }

inline Bytes read(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    EXPECT_TRUE(stream.good()) << file;
    return to_bytes(std::string(std::istreambuf_iterator<char>(stream), {}));
}

inline Bytes picture(const std::string& name) { return read(folder() / name); }

inline std::vector<Picture> pictures() {
    std::ifstream index(folder() / "index.txt");
    std::vector<Picture> found;
    Picture next;
    while (index >> next.file >> next.format >> next.shown.width >> next.shown.height >> next.orientation >>
           next.tolerance)
        found.push_back(next);
    return found;
}

inline ImageFormat format_of(const Picture& picture) {
    if (picture.format == "jpeg") return ImageFormat::jpeg;
    if (picture.format == "png") return ImageFormat::png;
    return picture.format == "webp" ? ImageFormat::webp : ImageFormat::bmp;
}

}  // namespace vignette::fixtures
