#include "app/places.h"

#include <cstdlib>
#include <sstream>
#include <system_error>

namespace vignette {
namespace fs = std::filesystem;
namespace {

constexpr const char* back_name = "libvignette-captioner.so";

bool is_bundle(const fs::path& folder) {
    std::error_code ignored;
    return fs::is_regular_file(folder / "manifest.json", ignored);
}

std::string list(const std::vector<fs::path>& folders) {
    std::string text;
    for (const fs::path& folder : folders) text += (text.empty() ? "" : ", ") + folder.string();
    return text;
}

}  // namespace

fs::path program_folder() {
    std::error_code failed;
    const fs::path program = fs::read_symlink("/proc/self/exe", failed);
    return failed ? fs::path(".") : program.parent_path();
}

Result<fs::path> find_back() {
    const fs::path here = program_folder();
    for (const fs::path& place : {here / back_name, here.parent_path() / "lib" / back_name}) {
        std::error_code ignored;
        if (fs::is_regular_file(place, ignored)) return place;
    }
    return fail(
        ErrorCode::unavailable,
        std::string(back_name) + " is neither beside the program in " + here.string() +
            " nor in ../lib; build the release preset (scripts/setup) or install it again"
    );
}

std::vector<fs::path> model_folders() {
    std::vector<fs::path> folders;
    if (const char* chosen = std::getenv("VIGNETTE_MODELS")) {
        std::istringstream names{std::string(chosen)};
        for (std::string name; std::getline(names, name, ':');) {
            if (!name.empty()) folders.emplace_back(name);
        }
    }
    folders.emplace_back("models");
    const fs::path here = program_folder();
    folders.push_back(here.parent_path() / "models");  // installed: bin/ and models/ side by side
    folders.push_back(here.parent_path().parent_path() / "models");  // built: build/<preset>/
    return folders;
}

Result<fs::path> find_named_bundle(std::string_view name) {
    const fs::path wanted(name);
    if (wanted.filename() == wanted && name != "." && name != "..") {
        for (const fs::path& folder : model_folders()) {
            if (is_bundle(folder / wanted)) return folder / wanted;
        }
    }
    return fail(
        ErrorCode::model_not_found, "there is no model bundle \"" + std::string(name) + "\" in " +
                                        list(model_folders()) +
                                        "; name another, or make it with scripts/export SNAPSHOT BUNDLE"
    );
}

Result<fs::path> find_bundle(std::string_view name_or_path) {
    fs::path wanted(name_or_path);
    if (is_bundle(wanted)) return wanted;
    std::error_code ignored;
    if (fs::is_regular_file(wanted / "config.json", ignored)) {
        return fail(
            ErrorCode::model_not_found, "\"" + wanted.string() +
                                            "\" is a Hugging Face snapshot, not a bundle yet; make one with "
                                            "scripts/export " +
                                            wanted.string() + " BUNDLE"
        );
    }
    return find_named_bundle(name_or_path);
}

}  // namespace vignette
