// A model bundle's manifest.json: everything the program must know about a model that is not code, text or
// weights. Values; the functions are pure but for reading the one file, and may be called from any thread.
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
    std::string sha256;  // hex, lower case
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

struct WeightsSpec {
    std::filesystem::path folder;  // relative to the bundle, or absolute
    std::vector<WeightsFile> files;
    std::map<std::string, std::string, std::less<>> ties;  // parameter -> the name whose tensor it shares
    std::vector<PrefixRename> renames;                     // tried in order on a name that no file has
    std::vector<std::string> float32;  // prefixes of names that stay float32 in a float16 model
};

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
    CacheSpec cache;
};

Result<Manifest> read_manifest(const std::filesystem::path& bundle);

// `file` is what messages call it.
Result<Manifest> parse_manifest(std::string_view json, std::string_view file);

}  // namespace vignette
