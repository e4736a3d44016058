#include "app/models/model_paths.h"

#include <algorithm>
#include <sstream>
#include <system_error>

#include "app/program_paths.h"
#include "core/environment.h"

namespace vignette {
namespace fs = std::filesystem;

std::string list_text(const std::vector<fs::path>& folders) {
    std::string text;
    for (const fs::path& folder : folders) text += (text.empty() ? "" : ", ") + folder.string();
    return text;
}

namespace {

std::vector<fs::path> named_folders() {
    std::vector<fs::path> folders;
    std::istringstream names(variable("VIGNETTE_MODELS"));
    for (std::string name; std::getline(names, name, ':');) {
        if (!name.empty()) folders.emplace_back(name);
    }
    return folders;
}

bool is_folder(const fs::path& path) {
    std::error_code ignored;
    return fs::is_directory(path, ignored);
}

}  // namespace

bool is_bundle(const fs::path& folder) {
    std::error_code ignored;
    return fs::is_regular_file(folder / "manifest.json", ignored);
}

std::vector<fs::path> model_folders() {
    std::vector<fs::path> folders = named_folders();
    for (const fs::path& own : own_folders()) folders.push_back(own / "models");
    return folders;
}

std::vector<fs::path> missing_model_folders() {
    std::vector<fs::path> missing = named_folders();
    std::erase_if(missing, is_folder);
    return missing;
}

fs::path folder_of_new_models() {
    if (const std::vector<fs::path> named = named_folders(); !named.empty()) return named.front();
    const std::vector<fs::path> folders = model_folders();
    const auto found = std::ranges::find_if(folders, is_folder);
    return found == folders.end() ? folders.front() : *found;
}

}  // namespace vignette
