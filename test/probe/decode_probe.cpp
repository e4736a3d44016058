// What becomes of a picture, for tests that are written in Python: a line of JSON for each file.
//   decode_probe [--cover WIDTHxHEIGHT] [--fast] [--header] [--pixels FOLDER] FILE…
// `grown` is by how much the process needed more memory than ever before since the file was read, `predicted`
// what decode_bytes() says of it. With --pixels the decoded bytes lie in FOLDER under the file's name with
// .rgb behind it.
#include <array>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "core/enum_text.h"
#include "image/decode.h"
#include "image/read_header.h"

namespace {

using namespace vignette;
using Json = nlohmann::ordered_json;

struct Options {
    DecodeNeed need;
    bool header_only = false;
    std::filesystem::path pixels;
    std::vector<std::filesystem::path> files;
};

Size parse_size(const std::string& text) {
    Size size;
    const char* end = text.data() + text.size();
    const auto width = std::from_chars(text.data(), end, size.width);
    if (width.ptr != end) std::from_chars(width.ptr + 1, end, size.height);
    return size;
}

Options parse(std::span<char*> arguments) {
    Options options;
    for (std::size_t i = 1; i < arguments.size(); ++i) {
        const std::string argument = arguments[i];
        if (argument == "--cover" && i + 1 < arguments.size()) {
            options.need.cover = parse_size(arguments[++i]);
        } else if (argument == "--pixels" && i + 1 < arguments.size()) {
            options.pixels = arguments[++i];
        } else if (argument == "--fast") {
            options.need.fast = true;
        } else if (argument == "--header") {
            options.header_only = true;
        } else {
            options.files.emplace_back(argument);
        }
    }
    return options;
}

Json as_json(Size size) { return Json{size.width, size.height}; }

Json as_json(const Error& error) { return Json{{"error", to_text(error.code)}, {"message", error.message}}; }

Json mean_colour(const Image& image) {
    std::array<double, 3> sums{};
    for (std::size_t i = 0; i < image.rgb.size(); ++i) sums.at(i % 3) += image.rgb[i];
    for (double& sum : sums) sum /= static_cast<double>(image.size.pixels());
    return sums;
}

Json tell_header(std::span<const std::byte> encoded) {
    const Result<ImageHeader> header = read_header(encoded);
    if (!header) return as_json(header.error());
    return Json{
        {"format", to_text(header->format)},
        {"size", as_json(header->size)},
        {"orientation", header->orientation},
        {"taken", header->taken}
    };
}

long memory_line(const char* name) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with(name)) return std::stol(line.substr(std::string_view(name).size())) * 1024;
    }
    return 0;
}

// The most that is held while `call` runs, beyond what is held before.
template <class Call>
long growth_of(Call&& call) {
    std::ofstream("/proc/self/clear_refs") << "5";  // forgets the peak
    const long before = memory_line("VmRSS:");
    call();
    return memory_line("VmHWM:") - before;
}

// 0 if the header is refused.
std::size_t predicted(std::span<const std::byte> encoded) {
    const Result<ImageHeader> header = read_header(encoded);
    if (!header || !check_header(*header, encoded.size(), Limits{})) return 0;
    return decode_bytes(*header, encoded.size());
}

Json tell_picture(std::span<const std::byte> encoded, const Options& options, const std::string& name) {
    Result<DecodedImage> decoded = fail(ErrorCode::internal, "");
    const long grown = growth_of([&] { decoded = decode_image(encoded, Limits{}, options.need); });
    const Json memory{{"predicted", predicted(encoded)}, {"grown", grown}};
    if (!decoded) {
        Json told = as_json(decoded.error());
        told.update(memory);
        return told;
    }
    const auto& [image, info] = *decoded;
    if (!options.pixels.empty()) {
        std::ofstream file(options.pixels / (name + ".rgb"), std::ios::binary);
        file.write(
            reinterpret_cast<const char*>(image.rgb.data()), static_cast<std::streamsize>(image.rgb.size())
        );
    }
    return Json{
        {"format", to_text(info.format)},
        {"path", to_text(info.path)},
        {"size", as_json(info.size)},
        {"full", as_json(info.full)},
        {"taken", info.taken},
        {"mean", mean_colour(image)},
        {"predicted", memory["predicted"]},
        {"grown", grown}
    };
}

}  // namespace

int main(int count, char** values) {
    const Options options = parse(std::span(values, static_cast<std::size_t>(count)));
    for (const std::filesystem::path& path : options.files) {
        std::ifstream file(path, std::ios::binary);
        std::string text(std::filesystem::file_size(path), '\0');
        file.read(text.data(), static_cast<std::streamsize>(text.size()));
        const auto encoded = std::as_bytes(std::span(text));
        const Json told = options.header_only ? tell_header(encoded)
                                              : tell_picture(encoded, options, path.filename().string());
        std::puts(told.dump(-1, ' ', false, Json::error_handler_t::replace).c_str());
    }
    return 0;
}
