// A model bundle's manifest.json: everything the program must know about a model that is not code, text or
// weights. Values; the functions are pure apart from reading the one file, and may be called from any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "vignette/bundle.h"
#include "vignette/error.h"

namespace vignette {

struct FileDigest {
    std::string file;    // a plain name inside the bundle
    std::string sha256;  // hex, lower case; the tokenizer's is empty until the bundle has its weights
};

struct WeightsFile {
    std::string file;
    std::uint64_t bytes = 0;
    std::string sha256;
};

struct PrefixRename {
    std::string from;
    std::string to;
};

// Parameters of one module that lie side by side as one tensor on a GPU, where one large product is faster
// than several small ones. "mlp.gate_up" is the tensor gate_up of each module that is named mlp.
struct WeightPack {
    std::string whole;
    std::vector<std::string> parts;  // parameters of the same module, in this order
};

// A tensor that the program needs. In a manifest one name may stand for many: bundle/weight_keys.h.
struct WeightKey {
    std::string name;
    std::vector<std::int64_t> shape;
};

struct WeightsSpec {
    std::filesystem::path folder;  // relative to the bundle, or absolute; empty in a ready bundle
    std::vector<WeightsFile> files;
    std::map<std::string, std::string, std::less<>> ties;  // parameter -> the name whose tensor it shares
    std::vector<PrefixRename> renames;                     // tried in order on a name that no file has
    std::vector<WeightPack> packs;                         // may be empty
    std::vector<std::string> float32;  // prefixes of names that stay float32 in a float16 model
    std::vector<WeightKey> keys;       // may be empty: then only the program itself knows them
};

// Facts of a snapshot's config.json: a path, "text_config.hidden_size", and the value as JSON text.
using ConfigFacts = std::map<std::string, std::string, std::less<>>;

struct CacheSpec {
    int layers = 0;
    int heads = 0;
    int head_dim = 0;
    int positions = 0;
};

struct Manifest {
    BundleInfo info;
    FileDigest program;
    FileDigest tokenizer;
    WeightsSpec weights;
    CacheSpec cache;     // captioner
    ConfigFacts config;  // of the snapshots that the bundle fits; may be empty

    // A ready bundle is a program that waits for its weights: `vignette models add` completes it.
    bool has_weights() const { return !weights.folder.empty(); }
};

Result<Manifest> read_manifest(const std::filesystem::path& bundle);

// Sets the most tokens a picture may have, for models where that depends on its size; where it is more than
// before, a slot gets room for them. 0 changes nothing.
void allow_picture_tokens(Manifest& manifest, int tokens);

// `file` is what messages call it.
Result<Manifest> parse_manifest(std::string_view json, std::string_view file);

// Before a bundle's weights are read: a ready bundle has none yet, which is model_not_found with the remedy.
Result<void> check_complete(const Manifest& manifest);

}  // namespace vignette
