#include "app/models/model_paths.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
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
    for (const fs::path& made : made_bundle_folders()) {
        std::error_code ignored;
        if (fs::is_directory(made, ignored)) folders.push_back(made);
    }
    return folders;
}

}  // namespace vignette
