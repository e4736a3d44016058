// Manifests of every kind, right ones and broken ones.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bundle/manifest.h"
#include "bundle/manifest_text.h"

namespace vignette {

using nlohmann::json;

inline Result<Manifest> parse(std::string_view text) {
    return parse_manifest(text, "models/x/manifest.json");
}

// The right manifest with one value replaced, or taken away.
inline Result<Manifest> with(const char* pointer, const json& value) {
    json changed = json::parse(manifest_text);
    changed[json::json_pointer(pointer)] = value;
    return parse(changed.dump());
}

// The right manifest changed by a JSON merge patch, in which null takes a field away: nulls that shall stand
// in the manifest are set afterwards.
inline json patched(std::string_view patch) {
    json changed = json::parse(manifest_text);
    changed.merge_patch(json::parse(patch));
    return changed;
}

inline json ready() {
    json changed = patched(ready_patch);
    changed["weights"]["folder"] = nullptr;
    changed["tokenizer"]["sha256"] = nullptr;
    return changed;
}

struct WrongValue {
    const char* pointer;
    json value;
};

inline void expect_refused(std::string_view right, const std::vector<WrongValue>& wrong) {
    for (const WrongValue& one : wrong) {
        json changed = json::parse(right);
        changed[json::json_pointer(one.pointer)] = one.value;
        const auto outcome = parse(changed.dump());
        ASSERT_FALSE(outcome) << one.pointer << " " << one.value;
        EXPECT_EQ(outcome.error().code, ErrorCode::bundle_invalid);
        EXPECT_TRUE(outcome.error().message.starts_with("models/x/manifest.json: "))
            << outcome.error().message;
        EXPECT_NE(outcome.error().message.find("; export the bundle again"), std::string::npos);
    }
}

}  // namespace vignette
