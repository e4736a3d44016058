#include "bundle/manifest_edit.h"

#include <nlohmann/json.hpp>

#include "core/enum_text.h"

namespace vignette {

Result<std::string> edit_manifest(std::string_view manifest, const ManifestEdit& edit) {
    using nlohmann::ordered_json;
    return at_wall(ErrorCode::bundle_invalid, [&] {
        ordered_json made = ordered_json::parse(manifest);
        made["name"] = edit.name;
        made["source"] = edit.source.empty() ? ordered_json() : ordered_json(edit.source);
        if (edit.dtype) made["dtype"] = to_text(*edit.dtype);
        made["tokenizer"]["sha256"] = edit.tokenizer_sha256;
        ordered_json files = ordered_json::array();
        for (const WeightsFile& file : edit.files)
            files.push_back({{"file", file.file}, {"bytes", file.bytes}, {"sha256", file.sha256}});
        made["weights"]["folder"] = edit.folder;
        made["weights"]["files"] = std::move(files);
        return made.dump(2) + "\n";
    });
}

}  // namespace vignette
