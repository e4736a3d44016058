// A small bundle that is right in every file, for tests to break.
#pragma once

#include <string>

#include "bundle/file_digest.h"
#include "bundle/manifest_text.h"
#include "bundle/safetensors_text.h"
#include "fakes/scratch_folder.h"

namespace vignette {

class BundleFolder {
public:
    // Program and tokenizer are empty, as the manifest's digests say. 6 elements, 2 of which stay float32.
    BundleFolder() {
        const std::string weights = safetensors_text(
            R"({"head.weight": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]},)"
            R"( "qformer.bias": {"dtype": "F16", "shape": [2], "data_offsets": [16, 20]}})",
            std::string(20, 'w')
        );
        folder_.write("program.pt", "");
        folder_.write("tokenizer.json", "");
        folder_.write("model.safetensors", weights);
        std::string manifest(manifest_text);
        const std::string_view bytes = "\"bytes\": 12, \"sha256\": \"";
        const std::string right = "\"bytes\": " + std::to_string(weights.size()) + ", \"sha256\": \"";
        manifest.replace(manifest.find(bytes), bytes.size() + 64, right + sha256_hex(weights));
        folder_.write("manifest.json", manifest);
    }

    const std::filesystem::path& path() const { return folder_.path(); }
    void write(std::string_view name, std::string_view content) const { folder_.write(name, content); }

private:
    ScratchFolder folder_;
};

}  // namespace vignette
