#include "app/models/snapshots.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <system_error>

#include "app/models/model_paths.h"
#include "bundle/snapshot.h"
#include "core/ascii.h"
#include "core/environment.h"

namespace vignette {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view cache_prefix = "models--";
constexpr const char* runpod_cache = "/runpod-volume/huggingface-cache/hub";

bool is_part(std::string_view text) {
    return !text.empty() && text.size() <= 96 && text.front() != '.' && std::ranges::all_of(text, [](char c) {
        return is_ascii_alphanumeric(c) || c == '.' || c == '-' || c == '_';
    });
}

// "models--org--name" is how a cache spells "org/name".
std::string folder_in_cache(std::string_view id) {
    std::string name(id);
    if (const std::size_t slash = name.find('/'); slash != std::string::npos) name.replace(slash, 1, "--");
    return std::string(cache_prefix) + name;
}

std::string id_of_cached(const fs::path& repository) {
    std::string name = repository.filename().string();
    if (!name.starts_with(cache_prefix)) return "";
    name.erase(0, cache_prefix.size());
    if (const std::size_t dashes = name.find("--"); dashes != std::string::npos) name.replace(dashes, 2, "/");
    return is_hub_id(name) ? name : "";
}

std::string current_revision(const fs::path& repository) {
    std::ifstream file(repository / "refs/main");
    std::string revision;
    file >> revision;
    return is_part(revision) ? revision : "";
}

// What refs/main names, or else the newest. A download that was broken off has no refs/main, or an old one.
std::optional<fs::path> revision_in(const fs::path& repository) {
    const fs::path snapshots = repository / "snapshots";
    std::error_code error;
    if (const std::string current = current_revision(repository); !current.empty()) {
        if (fs::is_directory(snapshots / current, error)) return snapshots / current;
    }
    std::optional<fs::path> newest;
    fs::file_time_type newest_time{};
    for (fs::directory_iterator entry(snapshots, error), end; !error && entry != end;
         entry.increment(error)) {
        std::error_code ignored;
        if (!entry->is_directory(ignored)) continue;
        const fs::file_time_type time = entry->last_write_time(ignored);
        if (newest && time <= newest_time) continue;
        newest = entry->path();
        newest_time = time;
    }
    return newest;
}

}  // namespace

bool is_hub_id(std::string_view text) {
    const std::size_t slash = text.find('/');
    return slash != text.npos && is_part(text.substr(0, slash)) && is_part(text.substr(slash + 1));
}

std::vector<fs::path> hub_caches() {
    std::vector<fs::path> caches;
    const auto add = [&](const fs::path& folder) {
        if (std::ranges::find(caches, folder) == caches.end()) caches.push_back(folder);
    };
    if (const std::string named = variable("HF_HUB_CACHE"); !named.empty()) add(named);
    if (const std::string home = variable("HF_HOME"); !home.empty()) add(fs::path(home) / "hub");
    if (const std::string cache = variable("XDG_CACHE_HOME"); !cache.empty()) {
        add(fs::path(cache) / "huggingface/hub");
    } else if (const std::string home = variable("HOME"); !home.empty()) {
        add(fs::path(home) / ".cache/huggingface/hub");
    }
    const std::string runpod = variable("VIGNETTE_RUNPOD_CACHE");
    add(runpod.empty() ? runpod_cache : runpod);
    return caches;
}

std::vector<FoundSnapshot> find_snapshots(std::string_view id) {
    std::vector<FoundSnapshot> found;
    const auto add = [&](const fs::path& folder) {  // a relative one would mean another place to a bundle
        std::error_code error;
        const fs::path whole = fs::canonical(folder, error);
        if (!error) found.push_back({.folder = whole, .id = std::string(id)});
    };
    if (!is_hub_id(id)) return found;
    std::vector<fs::path> roots = hub_caches();
    const std::vector<fs::path> models = model_folders();
    roots.insert(roots.end(), models.begin(), models.end());
    for (const fs::path& root : roots) {
        if (const std::optional<fs::path> cached = revision_in(root / folder_in_cache(id))) add(*cached);
    }
    const std::string name(id.substr(id.find('/') + 1));
    for (const fs::path& root : models) {
        for (const fs::path& folder : {root / id, root / name}) {
            if (is_snapshot(folder)) add(folder);
        }
    }
    return found;
}

Result<FoundSnapshot> snapshot_at(const fs::path& path) {
    std::error_code error;
    const fs::path folder = fs::canonical(path, error);
    if (error) {
        return fail(
            ErrorCode::model_not_found,
            path.string() + " cannot be read: " + error.message() + "; name the folder that holds config.json"
        );
    }
    if (!fs::is_directory(folder, error)) {
        return fail(
            ErrorCode::model_not_found,
            path.string() + " is not a folder; name the folder that holds config.json"
        );
    }
    if (const std::optional<fs::path> revision = revision_in(folder))
        return FoundSnapshot{.folder = *revision, .id = id_of_cached(folder)};
    const bool in_cache = folder.parent_path().filename() == "snapshots";
    const fs::path repository = folder.parent_path().parent_path();
    return FoundSnapshot{.folder = folder, .id = in_cache ? id_of_cached(repository) : ""};
}

}  // namespace vignette
