// A Hugging Face snapshot folder: what is in it, or everything that is wrong with it at once. Nothing is
// downloaded and no weights are read, only the headers of their files. Any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "bundle/manifest.h"
#include "bundle/weight_files.h"
#include "vignette/error.h"

namespace vignette {

struct SnapshotFile {
    std::string name;
    std::uint64_t bytes = 0;
    std::string sha256;  // as the hub's cache calls the file that the link leads to; empty where unknown
};

struct Snapshot {
    ConfigFacts config;  // of config.json, flat: "text_config.hidden_size"
    std::vector<SnapshotFile> weights;
    WeightFiles files;
    std::vector<Error> problems;  // each with what to do; empty: it can be used
};

// `fetch` is what to do about a file that is missing or damaged: "scripts/fetch-model ID".
Snapshot read_snapshot(const std::filesystem::path& folder, std::string_view fetch);

// Whether the folder looks like a snapshot at all, whole or not.
bool is_snapshot(const std::filesystem::path& folder);

// Where the snapshot says something else than the bundle expects: "text_config.hidden_size is 96, not 2560".
// Facts that the snapshot leaves out have their defaults there and match anything, but for the type, and for
// the factor of positions that stand closer together, which no weight tells.
std::vector<std::string> config_differences(const ConfigFacts& expected, const ConfigFacts& found);

// A tokenizer.json that this bundle's text can be read with: its image token is there where it is searched
// for.
std::vector<Error> check_tokenizer(
    const std::filesystem::path& folder, const BundleInfo& info, std::string_view fetch
);

}  // namespace vignette
