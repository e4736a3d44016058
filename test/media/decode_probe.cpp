// Decodes the files that are named on standard input, one a line, and prints one line of JSON for each: what
// is in it and, with a folder, its pixels there as NUMBER.rgb. For test/media and scripts/bench.
//   decode_probe [FOLDER] [--fast SIDE]
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "core/texts.h"
#include "image/decode.h"
#include "image/header.h"

namespace vignette {
namespace {

Bytes read_file(const std::string& path) {
    std::ifstream stream(path, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(stream)), {});
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

// The most memory the process has held since it was last asked, in bytes.
long peak_memory() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("VmHWM:")) return std::stol(line.substr(6)) * 1024;
    }
    return 0;
}

void forget_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

nlohmann::json describe(const ImageInfo& info) {
    nlohmann::json json{{"width", info.size.width}, {"height", info.size.height}};
    json["format"] = static_cast<int>(info.format);
    json["path"] = static_cast<int>(info.path);
    json["full"] = {info.full.width, info.full.height};
    json["taken"] = info.taken;
    return json;
}

nlohmann::json probe(const std::string& path, const DecodeNeed& need, const std::string& pixels) {
    const Bytes encoded = read_file(path);
    const Limits limits;
    nlohmann::json json;
    json["predicted"] = decode_bytes(encoded, limits);
    forget_peak();
    const long before = peak_memory();
    const Result<DecodedImage> decoded = decode_image(encoded, limits, need);
    json["grown"] = peak_memory() - before;
    if (!decoded) {
        json["error"] = to_text(decoded.error().code);
        json["message"] = decoded.error().message;
        return json;
    }
    json.update(describe(decoded->info));
    if (!pixels.empty()) {
        std::ofstream(pixels, std::ios::binary)
            .write(
                reinterpret_cast<const char*>(decoded->image.rgb.data()),
                static_cast<std::streamsize>(decoded->image.rgb.size())
            );
    }
    return json;
}

}  // namespace
}  // namespace vignette

int main(int count, char** words) {
    std::string folder;
    vignette::DecodeNeed need;
    for (int i = 1; i < count; ++i) {
        if (std::strcmp(words[i], "--fast") == 0 && i + 1 < count) {
            const int side = std::atoi(words[++i]);
            need = {{side, side}, true};
        } else {
            folder = words[i];
        }
    }
    int number = 0;
    for (std::string path; std::getline(std::cin, path); ++number) {
        const std::string pixels = folder.empty() ? "" : folder + "/" + std::to_string(number) + ".rgb";
        std::puts(vignette::probe(path, need, pixels).dump().c_str());
        std::fflush(stdout);
    }
    return 0;
}
