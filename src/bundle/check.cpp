#include "bundle/check.h"

#include <utility>

#include "bundle/weight_files.h"
#include "bundle/weight_keys.h"
#include "vignette/bytes.h"

namespace vignette {
namespace fs = std::filesystem;
namespace {

constexpr const char* get_again =
    "copy it again from its source or, if it is right, run vignette models add again";

template <class T>
void keep_error(std::vector<Error>& problems, const Result<T>& result) {
    if (!result) problems.push_back(result.error());
}

// Opens what it can and reports the rest.
WeightFiles open_files(const fs::path& folder, const Manifest& manifest, std::vector<Error>& problems) {
    WeightFiles files;
    for (const WeightsFile& named : manifest.weights.files) {
        Result<Safetensors> file = open_weight_file(folder, named);
        keep_error(problems, file);
        if (file) files.add(*std::move(file));
    }
    return files;
}

Result<void> check_digest(const fs::path& folder, const WeightsFile& named, const OnBytes& on_bytes) {
    const fs::path path = folder / named.file;
    if (TRY(sha256_hex_of_file(path, on_bytes)) == named.sha256) return {};
    return fail(
        ErrorCode::weights_invalid,
        path.string() + " is not the file the manifest describes (its SHA-256 differs); " + get_again
    );
}

}  // namespace

std::vector<Error> check_bundle(
    const fs::path& bundle, const Manifest& manifest, const BundleCheckOptions& options
) {
    std::vector<Error> problems;
    keep_error(
        problems, read_file_checked(bundle / manifest.program.file, manifest.program.sha256, part_bytes_max)
    );
    keep_error(problems, check_complete(manifest));
    if (!manifest.has_weights()) return problems;
    keep_error(
        problems,
        read_file_checked(bundle / manifest.tokenizer.file, manifest.tokenizer.sha256, part_bytes_max)
    );
    const fs::path folder = weights_folder(manifest, bundle);
    const std::size_t before = problems.size();
    const WeightFiles files = open_files(folder, manifest, problems);
    const Result<std::vector<WeightKey>> keys = expand_keys(manifest.weights.keys);
    keep_error(problems, keys);
    if (keys && problems.size() == before) {  // else names would be missing because their file is
        for (Error& error : check_keys(manifest.weights, *keys, files, get_again))
            problems.push_back(std::move(error));
    }
    if (options.how == Thoroughness::headers) return problems;
    for (const WeightsFile& named : manifest.weights.files) {
        std::error_code error;
        if (fs::file_size(folder / named.file, error) != named.bytes || error) continue;  // reported above
        keep_error(problems, check_digest(folder, named, options.on_bytes));
    }
    return problems;
}

}  // namespace vignette
