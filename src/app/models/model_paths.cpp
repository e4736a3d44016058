#include "app/models/model_paths.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <sstream>
#include <system_error>

#include "app/program_paths.h"
#include "core/environment.h"

namespace vignette {
namespace fs = std::filesystem;
namespace {

// A bundle is a program: one that another user may have put there is none of ours. Not there yet is fine.
bool is_nobody_elses(const fs::path& folder) {
    struct stat found{};
    if (lstat(folder.c_str(), &found) != 0) return errno == ENOENT;
    return S_ISDIR(found.st_mode) && found.st_uid == geteuid() && (found.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

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

std::string list_text(const std::vector<fs::path>& folders) {
    std::string text;
    for (const fs::path& folder : folders) text += (text.empty() ? "" : ", ") + folder.string();
    return text;
}

bool is_bundle(const fs::path& folder) {
    std::error_code ignored;
    return fs::is_regular_file(folder / "manifest.json", ignored);
}

std::vector<fs::path> made_bundle_folders() {
    std::vector<fs::path> folders;
    if (const std::string cache = variable("XDG_CACHE_HOME"); !cache.empty()) {
        folders.push_back(fs::path(cache) / "vignette/models");
    } else if (const std::string home = variable("HOME"); !home.empty()) {
        folders.push_back(fs::path(home) / ".cache/vignette/models");
    }
    std::error_code error;
    const fs::path temporary =
        fs::temp_directory_path(error) / ("vignette-models-" + std::to_string(geteuid()));
    if (!error && is_nobody_elses(temporary)) folders.push_back(temporary);
    return folders;
}

std::vector<fs::path> model_folders() {
    std::vector<fs::path> folders = named_folders();
    for (const fs::path& own : own_folders()) folders.push_back(own / "models");
    std::ranges::copy_if(made_bundle_folders(), std::back_inserter(folders), is_folder);
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
