#include "app/models/model_paths.h"

#include <cstdlib>
#include <sstream>
#include <system_error>

#include "app/program_paths.h"

namespace vignette {
namespace fs = std::filesystem;

std::string list_text(const std::vector<fs::path>& folders) {
    std::string text;
    for (const fs::path& folder : folders) text += (text.empty() ? "" : ", ") + folder.string();
    return text;
}

bool is_bundle(const fs::path& folder) {
    std::error_code ignored;
    return fs::is_regular_file(folder / "manifest.json", ignored);
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

}  // namespace vignette
