// What is in a film, for tests that are written in Python: a line of JSON for each file.
//   film_probe --pixels FOLDER [--kept N] [--read N] FILE…
// Reads so many frames and tells their times; the pixels of the first few, one frame behind the other, lie in
// FOLDER under the file's name with .rgb behind it.
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "core/enum_text.h"
#include "film/file.h"

namespace {

using namespace vignette;
using Json = nlohmann::ordered_json;

struct Options {
    std::filesystem::path pixels;
    std::size_t kept = 4;
    std::size_t read = 300;
    std::vector<std::filesystem::path> files;
};

Options parse(std::span<char*> arguments) {
    Options options;
    for (std::size_t i = 1; i < arguments.size(); ++i) {
        const std::string argument = arguments[i];
        if (argument == "--pixels" && i + 1 < arguments.size()) {
            options.pixels = arguments[++i];
        } else if (argument == "--kept" && i + 1 < arguments.size()) {
            options.kept = std::stoul(arguments[++i]);
        } else if (argument == "--read" && i + 1 < arguments.size()) {
            options.read = std::stoul(arguments[++i]);
        } else {
            options.files.emplace_back(argument);
        }
    }
    return options;
}

void put_error(Json& told, const Error& error) {
    told["error"] = to_text(error.code);
    told["message"] = error.message;
}

void write_picture(FilmFile& film, std::ofstream& pixels) {
    const Result<Image> picture = film.picture();
    if (!picture) return;  // too few bytes are noticed
    pixels.write(
        reinterpret_cast<const char*>(picture->rgb.data()), static_cast<std::streamsize>(picture->rgb.size())
    );
}

Json tell(std::span<const std::byte> file, const Options& options, const std::string& name) {
    Json told;
    Result<FilmFile> film = FilmFile::open(file, Limits{}, {});
    if (!film) {
        put_error(told, film.error());
        return told;
    }
    const FilmFacts& facts = film->facts();
    told["container"] = facts.container;
    told["codec"] = facts.codec;
    told["size"] = Json{facts.size.width, facts.size.height};
    told["fps"] = facts.fps;
    told["duration"] = facts.duration;
    told["times"] = Json::array();
    std::ofstream pixels(options.pixels / (name + ".rgb"), std::ios::binary);
    while (told["times"].size() < options.read) {
        const Result<std::optional<Shown>> shown = film->next();
        if (!shown) put_error(told, shown.error());
        if (!shown || !*shown) break;
        if (told["times"].size() < options.kept) write_picture(*film, pixels);
        told["times"].push_back((*shown)->from);
    }
    told["damaged"] = film->damaged();
    return told;
}

}  // namespace

int main(int count, char** values) {
    const Options options = parse(std::span(values, static_cast<std::size_t>(count)));
    for (const std::filesystem::path& path : options.files) {
        std::ifstream file(path, std::ios::binary);
        std::string text(std::filesystem::file_size(path), '\0');
        file.read(text.data(), static_cast<std::streamsize>(text.size()));
        const Json told = tell(std::as_bytes(std::span(text)), options, path.filename().string());
        std::puts(told.dump(-1, ' ', false, Json::error_handler_t::replace).c_str());
        std::fflush(stdout);
    }
    return 0;
}
