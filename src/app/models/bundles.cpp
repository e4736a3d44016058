#include "app/models/bundles.h"

#include <algorithm>
#include <set>
#include <system_error>
#include <utility>

#include "app/models/model_paths.h"

namespace vignette {
namespace fs = std::filesystem;
namespace {

// By name, so that two runs print the same.
std::vector<fs::path> folders_in(const fs::path& folder) {
    std::vector<fs::path> found;
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
        if (is_bundle(entry->path())) found.push_back(entry->path());
    }
    std::ranges::sort(found);
    return found;
}

}  // namespace

std::vector<Bundle> find_bundles() {
    std::vector<Bundle> bundles;
    std::set<std::string> names;
    for (const fs::path& place : model_folders()) {
        for (const fs::path& folder : folders_in(place)) {
            if (!names.insert(folder.filename().string()).second) continue;
            bundles.push_back({.folder = folder, .manifest = read_manifest(folder)});
        }
    }
    return bundles;
}

std::vector<Bundle> find_ready_bundles() {
    std::vector<Bundle> bundles = find_bundles();
    std::erase_if(bundles, [](const Bundle& bundle) {
        return !bundle.manifest || bundle.manifest->has_weights();
    });
    return bundles;
}

}  // namespace vignette
