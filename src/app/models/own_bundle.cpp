#include "app/models/own_bundle.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <vector>

#include "app/models/add.h"
#include "app/models/find_bundle.h"
#include "app/models/model_paths.h"
#include "app/models/snapshots.h"
#include "core/log.h"

namespace vignette {
namespace fs = std::filesystem;
namespace {

// Ours is made again with each start: the cache may have a newer revision by now.
bool is_somebody_elses(const Result<fs::path>& bundle, const std::vector<fs::path>& ours) {
    return bundle && std::ranges::find(ours, bundle->parent_path()) == ours.end();
}

bool is_writable_problem(const std::vector<Error>& problems) {
    return problems.front().code == ErrorCode::unavailable;
}

}  // namespace

void make_own_bundle(const std::string& model) {
    const std::vector<fs::path> ours = made_bundle_folders();
    if (!is_hub_id(model) || is_somebody_elses(find_bundle(model), ours) || find_snapshots(model).empty())
        return;
    Options options;
    options.target = model;
    for (const fs::path& folder : ours) {
        std::error_code ignored;
        fs::create_directories(folder.parent_path(), ignored);
        mkdir(folder.c_str(), 0700);
        options.bundle_folder = folder.string();
        const auto added = add_bundle(options, Digests::believed);
        if (added) {
            log_info(
                "made the bundle " + added->folder.string() + " of the snapshot " +
                added->fit.found.folder.string()
            );
            return;
        }
        for (const Error& problem : added.error()) log_warning(problem.message);
        if (!is_writable_problem(added.error())) return;
    }
}

}  // namespace vignette
