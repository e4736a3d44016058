#include "app/models/fit_bundle.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "bundle/weight_keys.h"

namespace vignette {
namespace {

// What to do about a missing file, for a checkpoint whose id may not be known.
std::string fetch_text(const std::string& id) { return "scripts/fetch-model " + (id.empty() ? "ID" : id); }

std::string joined(const std::vector<std::string>& words, const char* between) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
    return text;
}

bool keys_fit(const Bundle& ready, const Snapshot& snapshot) {
    const auto keys = expand_keys(ready.manifest->weights.keys);
    return keys && check_keys(ready.manifest->weights, *keys, snapshot.files, "").empty();
}

Error none_fits(const FoundSnapshot& found, const Snapshot& snapshot, const std::vector<Bundle>& ready) {
    std::vector<std::string> known;
    known.reserve(ready.size());
    for (const Bundle& bundle : ready) known.push_back(bundle.manifest->info.source);
    const auto type = snapshot.config.find("model_type");
    return {
        .code = ErrorCode::unsupported,
        .message = "no ready bundle fits " + found.folder.string() +
                   ", whose config.json has the model_type " +
                   (type == snapshot.config.end() ? "null" : type->second) +
                   " (ready are: " + (known.empty() ? "none" : joined(known, ", ")) +
                   "); make a bundle of it with scripts/export " + found.folder.string() + " BUNDLE",
        .field = {}
    };
}

std::expected<Bundle, Error> by_config(
    const FoundSnapshot& found, const Snapshot& snapshot, const std::vector<Bundle>& ready
) {
    std::vector<Bundle> fitting;
    for (const Bundle& bundle : ready) {
        if (bundle.manifest->config.empty()) continue;
        if (config_differences(bundle.manifest->config, snapshot.config).empty()) fitting.push_back(bundle);
    }
    if (fitting.size() > 1) {  // checkpoints of one architecture differ in the shapes of their weights
        std::vector<Bundle> whole;
        std::ranges::copy_if(fitting, std::back_inserter(whole), [&](const Bundle& bundle) {
            return keys_fit(bundle, snapshot);
        });
        if (!whole.empty()) fitting = std::move(whole);
    }
    if (fitting.empty()) return std::unexpected(none_fits(found, snapshot, ready));
    return fitting.front();
}

// The config's own names for what is different, in one sentence.
std::optional<Error> other_config(const Fit& fit) {
    const std::vector<std::string> differences =
        config_differences(fit.ready.manifest->config, fit.snapshot.config);
    if (differences.empty() || fit.snapshot.config.empty()) return std::nullopt;
    return Error{
        .code = ErrorCode::bundle_invalid,
        .message = (fit.found.folder / "config.json").string() + " is not that of " +
                   fit.ready.manifest->info.source + ": " + joined(differences, ", ") +
                   "; get it again with " + fetch_text(fit.ready.manifest->info.source) +
                   ", or make a bundle of it with scripts/export",
        .field = {}
    };
}

std::vector<Error> all_problems(const Fit& fit, const std::string& fetch) {
    std::vector<Error> problems = fit.snapshot.problems;
    const auto add = [&](std::vector<Error> more) { std::ranges::move(more, std::back_inserter(problems)); };
    if (std::optional<Error> other = other_config(fit)) problems.push_back(*std::move(other));
    add(check_tokenizer(fit.found.folder, fit.ready.manifest->info, fetch));
    // Tensors of a missing file would be missing too: one error is enough.
    const bool all_open =
        !fit.snapshot.weights.empty() && std::ranges::none_of(fit.snapshot.problems, [](const Error& error) {
            return error.code == ErrorCode::weights_invalid;
        });
    if (!all_open) return problems;
    Result<std::vector<WeightKey>> keys = expand_keys(fit.ready.manifest->weights.keys);
    if (!keys) {
        problems.push_back(keys.error());
    } else {
        add(check_keys(fit.ready.manifest->weights, *keys, fit.snapshot.files, "get them again with " + fetch)
        );
    }
    return problems;
}

}  // namespace

std::expected<Fit, std::vector<Error>> fit_bundle(FoundSnapshot found, const std::vector<Bundle>& ready) {
    const auto same_id = std::ranges::find_if(ready, [&](const Bundle& bundle) {
        return !found.id.empty() && bundle.manifest->info.source == found.id;
    });
    const std::string fetch = fetch_text(found.id);
    Snapshot snapshot = read_snapshot(found.folder, fetch);
    if (same_id == ready.end() && snapshot.config.empty())
        return std::unexpected(std::move(snapshot.problems));
    std::expected<Bundle, Error> chosen =
        same_id != ready.end() ? *same_id : by_config(found, snapshot, ready);
    if (!chosen) return std::unexpected(std::vector<Error>{chosen.error()});
    Fit fit{.ready = *std::move(chosen), .found = std::move(found), .snapshot = std::move(snapshot)};
    std::vector<Error> problems = all_problems(fit, fetch);
    if (!problems.empty()) return std::unexpected(std::move(problems));
    return fit;
}

}  // namespace vignette
