#include "app/models/find_bundle.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/models/bundles.h"
#include "app/models/model_paths.h"
#include "app/models/snapshots.h"
#include "bundle/snapshot.h"

namespace vignette {
namespace fs = std::filesystem;
namespace {

// The one with weights, where there are several of this checkpoint.
Result<fs::path> find_by_source(std::string_view id) {
    std::optional<Manifest> waiting;
    for (Bundle& bundle : find_bundles()) {
        if (!bundle.manifest || bundle.manifest->info.source != id) continue;
        if (bundle.manifest->has_weights()) return bundle.folder;
        waiting = *std::move(bundle.manifest);
    }
    if (waiting) TRY(check_complete(*waiting));
    return fail(
        ErrorCode::model_not_found, "no model bundle in " + list_text(model_folders()) + " is made of \"" +
                                        std::string(id) +
                                        "\"; see which there are with `vignette models list`, and which this "
                                        "program can add in docs/models.md"
    );
}

// The current folder's models/ may be a stranger's, or be meant: the user must say.
std::string hint_of_unused(const fs::path& wanted) {
    if (!is_bundle(fs::path("models") / wanted)) return {};
    return "; there is one in this folder's models/, which is used only if it is named: "
           "VIGNETTE_MODELS=models";
}

}  // namespace

Result<fs::path> find_named_bundle(std::string_view name) {
    const fs::path wanted(name);
    if (wanted.filename() == wanted && name != "." && name != "..") {
        for (const fs::path& folder : model_folders()) {
            if (is_bundle(folder / wanted)) return folder / wanted;
        }
    }
    if (is_hub_id(name)) return find_by_source(name);
    return fail(
        ErrorCode::model_not_found, "there is no model bundle \"" + std::string(name) + "\" in " +
                                        list_text(model_folders()) + hint_of_unused(wanted) +
                                        "; name another (`vignette models list` shows them), or make it of a "
                                        "snapshot with `vignette models add PATH`"
    );
}

Result<fs::path> find_bundle_of_job(std::string_view name) {
    Result<fs::path> found = find_named_bundle(name);
    if (found) return found;
    std::string known;
    for (const Bundle& bundle : find_bundles()) {
        if (!bundle.manifest || !bundle.manifest->has_weights()) continue;
        known += (known.empty() ? "" : ", ") + bundle.name();
    }
    return fail(
        ErrorCode::model_not_found,
        "there is no such model here; leave the field out, or name one of these: " + known
    );
}

Result<fs::path> find_bundle(std::string_view name_or_path) {
    fs::path wanted(name_or_path);
    const bool is_name =
        wanted.filename() == wanted;  // then a folder of the current one is the last that is meant
    if (!is_name && is_bundle(wanted)) return wanted;
    Result<fs::path> named = find_named_bundle(name_or_path);
    if (named) return named;
    if (is_bundle(wanted)) return wanted;
    const std::vector<FoundSnapshot> snapshots = find_snapshots(name_or_path);
    const Result<FoundSnapshot> here = snapshot_at(wanted);
    const bool is_path = here && is_snapshot(here->folder);
    if (!is_path && snapshots.empty()) return named;
    return fail(
        ErrorCode::model_not_found, "\"" + wanted.string() + "\" is a Hugging Face snapshot (" +
                                        (is_path ? here->folder : snapshots.front().folder).string() +
                                        "), not a bundle yet; make one with: vignette models add " +
                                        wanted.string()
    );
}

Result<fs::path> find_bundle_or_ready(std::string_view name_or_path) {
    Result<fs::path> found = find_bundle(name_or_path);
    if (found) return found;
    for (const Bundle& bundle : find_ready_bundles()) {
        if (bundle.manifest->info.source == name_or_path) return bundle.folder;
    }
    return found;
}

}  // namespace vignette
