// `vignette models add`: a ready bundle and a snapshot become a bundle. Weights are looked at, never copied.
#include "app/models/add.h"

#include <cstdio>
#include <system_error>
#include <utility>

#include "app/commands.h"
#include "app/models/find_bundle.h"
#include "app/models/fit_bundle.h"
#include "app/models/model_paths.h"
#include "app/progress.h"
#include "bundle/check.h"
#include "bundle/file_digest.h"
#include "bundle/manifest_edit.h"
#include "bundle/write.h"
#include "core/log.h"
#include "vignette/bytes.h"

namespace vignette {
namespace fs = std::filesystem;
namespace {

using Problems = std::vector<Error>;
constexpr std::size_t manifest_bytes_max = 1 * MiB;

Error error_of(ErrorCode code, std::string message) {
    return {.code = code, .message = std::move(message), .field = {}};
}

// A folder that is there is meant before the id that it looks like.
std::expected<std::vector<FoundSnapshot>, Error> candidates(const std::string& target) {
    Result<FoundSnapshot> here = snapshot_at(target);
    if (here && (is_snapshot(here->folder) || !is_hub_id(target))) return std::vector{*std::move(here)};
    if (!is_hub_id(target)) return std::unexpected(here.error());
    std::vector<FoundSnapshot> found = find_snapshots(target);
    if (!found.empty()) return found;
    std::vector<fs::path> places = hub_caches();
    for (const fs::path& folder : model_folders()) places.push_back(folder);
    return std::unexpected(error_of(
        ErrorCode::model_not_found, "no snapshot of " + target + " is in " + list_text(places) +
                                        "; download it with scripts/fetch-model " + target
    ));
}

// The first that is whole; where none is, what the first one lacks.
std::expected<Fit, Problems> find_fit(const std::string& target) {
    const auto found = candidates(target);
    if (!found) return std::unexpected(Problems{found.error()});
    const std::vector<Bundle> ready = find_ready_bundles();
    std::optional<Problems> of_first;
    for (const FoundSnapshot& one : *found) {
        std::expected<Fit, Problems> fit = fit_bundle(one, ready);
        if (fit) return fit;
        if (!of_first) of_first = std::move(fit).error();
    }
    return std::unexpected(*std::move(of_first));
}

std::string last_part(const std::string& id) { return id.substr(id.find('/') + 1); }

// A copy in a plain folder is called by the checkpoint's id only if the folder is: it may hold other weights.
std::string source_of(const Fit& fit) {
    const std::string& ready = fit.ready.manifest->info.source;
    if (!fit.found.id.empty()) return fit.found.id;
    return fit.found.folder.filename() == last_part(ready) ? ready : "";
}

struct Target {
    fs::path folder;
    bool exists = false;
    std::optional<Dtype> dtype;  // of the bundle that is there
};

// Two revisions in a cache are one snapshot here: a newer download updates the bundle.
bool same_snapshot(const fs::path& one, const fs::path& other) {
    std::error_code error;
    if (fs::equivalent(one, other, error)) return true;
    const bool revisions = one.parent_path().filename() == "snapshots";
    return revisions && fs::equivalent(one.parent_path(), other.parent_path(), error);
}

Result<Target> choose_target(const Options& options, const Fit& fit) {
    const std::string source = source_of(fit);
    const std::string usual = source.empty() ? fit.found.folder.filename().string() : last_part(source);
    const std::string name = options.bundle_name.empty() ? usual : options.bundle_name;
    if (name.empty() || name.front() == '.' || name.find('/') != std::string::npos)
        return fail(
            ErrorCode::usage, "\"" + name + "\" cannot be the name of a folder; choose another with --name"
        );
    const fs::path parent =
        options.bundle_folder.empty() ? folder_of_new_models() : fs::path(options.bundle_folder);
    Target target{.folder = parent / name};
    std::error_code error;
    if (!fs::exists(fs::symlink_status(target.folder, error))) return target;
    target.exists = true;
    const auto taken = [&](const std::string& why) {
        return fail(
            ErrorCode::usage,
            target.folder.string() + " " + why + "; choose another name with --name, or delete it"
        );
    };
    const bool is_itself = fs::equivalent(target.folder, fit.found.folder, error);
    if (!is_bundle(target.folder)) {
        if (is_itself) return target;
        return taken("exists and is not a bundle");
    }
    const Result<Manifest> there = read_manifest(target.folder);
    if (!there) return taken("is a damaged bundle");
    if (!there->has_weights()) return taken("is the bundle that waits for its weights");
    if (is_itself ||
        same_snapshot((target.folder / there->weights.folder).lexically_normal(), fit.found.folder)) {
        target.dtype = there->info.dtype;
        return target;
    }
    return taken("is a bundle of other weights, those in " + there->weights.folder.string());
}

// Relative where both can be moved together.
std::string folder_text(const fs::path& snapshot, const fs::path& bundle) {
    std::error_code error;
    const fs::path home = fs::weakly_canonical(fs::absolute(bundle, error), error);
    const fs::path relative = snapshot.lexically_relative(home.parent_path());
    const bool together = !relative.empty() && *relative.begin() != "..";
    return together ? snapshot.lexically_relative(home).string() : snapshot.string();
}

std::expected<std::vector<WeightsFile>, Problems> hash_weights(const Fit& fit, Digests digests) {
    std::vector<WeightsFile> believed;
    std::uint64_t bytes = 0;
    for (const SnapshotFile& file : fit.snapshot.weights) {
        bytes += file.bytes;
        if (!file.sha256.empty()) believed.push_back({file.name, file.bytes, file.sha256});
    }
    if (digests == Digests::believed && believed.size() == fit.snapshot.weights.size()) return believed;
    log_info(
        "hashing " + size_text(bytes) + " in " + std::to_string(fit.snapshot.weights.size()) + " file(s)"
    );
    ByteProgress progress("hashing", bytes);
    std::vector<WeightsFile> files;
    Problems problems;
    for (const SnapshotFile& file : fit.snapshot.weights) {
        const fs::path path = fit.found.folder / file.name;
        Result<std::string> sum = sha256_hex_of_file(path, [&](std::size_t read) { progress.add(read); });
        if (!sum) {
            problems.push_back(sum.error());
        } else if (!file.sha256.empty() && *sum != file.sha256) {
            problems.push_back(error_of(
                ErrorCode::weights_invalid,
                path.string() +
                    " is damaged: the hub's cache calls it by another SHA-256 than it has; delete " +
                    fs::weakly_canonical(path).string() + " and download it again"
            ));
        } else {
            files.push_back({.file = file.name, .bytes = file.bytes, .sha256 = *std::move(sum)});
        }
    }
    if (!problems.empty()) return std::unexpected(std::move(problems));
    return files;
}

Result<void> write(
    const Fit& fit, const Target& target, const Options& options, std::vector<WeightsFile> files
) {
    const Manifest& ready = *fit.ready.manifest;
    const fs::path& from = fit.ready.folder;
    std::string program =
        TRY(read_file_checked(from / ready.program.file, ready.program.sha256, part_bytes_max));
    std::string tokenizer = TRY(read_file(fit.found.folder / "tokenizer.json", part_bytes_max));
    const std::string manifest = TRY(read_file(from / "manifest.json", manifest_bytes_max));
    std::string made = TRY(edit_manifest(
        manifest, {.name = target.folder.filename().string(),
                   .source = source_of(fit),
                   .dtype = options.dtype ? options.dtype : target.dtype,
                   .tokenizer_sha256 = sha256_hex(tokenizer),
                   .folder = folder_text(fit.found.folder, target.folder),
                   .files = std::move(files)}
    ));
    std::vector<NamedContent> contents;
    contents.push_back({.name = ready.program.file, .content = std::move(program)});
    contents.push_back({.name = ready.tokenizer.file, .content = std::move(tokenizer)});
    contents.push_back({.name = "manifest.json", .content = std::move(made)});
    return target.exists ? write_into(target.folder, contents) : write_bundle(target.folder, contents);
}

void report(const Added& added) {
    const Fit& fit = added.fit;
    std::uint64_t bytes = 0;
    for (const SnapshotFile& file : fit.snapshot.weights) bytes += file.bytes;
    const BundleInfo& info = fit.ready.manifest->info;
    const std::string name = added.folder.filename().string();
    const Result<fs::path> named = find_named_bundle(name);
    std::error_code error;
    const bool by_name = named && fs::equivalent(*named, added.folder, error);
    const std::string call = by_name ? name : added.folder.string();
    std::printf(
        "%s %s: %s, %s in %zu file(s) stay in %s\n", added.updated ? "updated" : "added",
        added.folder.c_str(), info.family.c_str(), size_text(bytes).c_str(), fit.snapshot.weights.size(),
        fit.found.folder.c_str()
    );
    if (info.kind == BundleKind::captioner)
        std::printf("next: vignette caption --model %s photo.jpg\n", call.c_str());
    std::printf(
        "%s vignette models show %s\n", info.kind == BundleKind::captioner ? "     " : "next:", call.c_str()
    );
}

}  // namespace

std::expected<Added, std::vector<Error>> add_bundle(const Options& options, Digests digests) {
    std::expected<Fit, Problems> fit = find_fit(options.target);
    if (!fit) return std::unexpected(std::move(fit).error());
    const Result<Target> target = choose_target(options, *fit);
    if (!target) return std::unexpected(Problems{target.error()});
    auto files = hash_weights(*fit, digests);
    if (!files) return std::unexpected(std::move(files).error());
    if (const Result<void> written = write(*fit, *target, options, *std::move(files)); !written)
        return std::unexpected(Problems{written.error()});
    return Added{.fit = *std::move(fit), .folder = target->folder, .updated = target->exists};
}

int models_add(const Options& options) {
    const auto added = add_bundle(options, Digests::computed);
    if (added) {
        report(*added);
        return 0;
    }
    for (const Error& problem : added.error()) log_error(problem.message);
    return added.error().front().code == ErrorCode::usage ? 2 : 1;
}

}  // namespace vignette
