#include "bundle/manifest_edit.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "bundle/manifest_text.h"

namespace vignette {
namespace {

std::string ready_text() {
    nlohmann::ordered_json manifest = nlohmann::ordered_json::parse(manifest_text);
    manifest["weights"]["folder"] = nullptr;
    manifest["weights"]["files"] = nlohmann::ordered_json::array();
    manifest["weights"]["keys"] = {{"layers.{0..1}.weight", {2, 3}}};
    manifest["tokenizer"]["sha256"] = nullptr;
    manifest["config"] = {{"model_type", "tiny"}, {"text_config.hidden_size", 2560}};
    return manifest.dump();
}

const std::string some_digest(64, 'a');

ManifestEdit edit() {
    return {
        .name = "mine",
        .source = "people/mine",
        .dtype = Dtype::bfloat16,
        .tokenizer_sha256 = some_digest,
        .folder = "/weights",
        .files = {{.file = "w.safetensors", .bytes = 5'000'000'000, .sha256 = some_digest}},
    };
}

TEST(EditManifest, AReadyBundleBecomesOneWithWeights) {
    const Manifest made = parse_manifest(edit_manifest(ready_text(), edit()).value(), "m").value();
    EXPECT_TRUE(made.has_weights());
    EXPECT_EQ(made.info.name, "mine");
    EXPECT_EQ(made.info.source, "people/mine");
    EXPECT_EQ(made.info.dtype, Dtype::bfloat16);
    EXPECT_EQ(made.tokenizer.sha256, some_digest);
    EXPECT_EQ(made.weights.folder, "/weights");
    ASSERT_EQ(made.weights.files.size(), 1U);
    EXPECT_EQ(made.weights.files[0].bytes, 5'000'000'000U);
}

TEST(EditManifest, WhatIsNotEditedStays) {
    ManifestEdit few = edit();
    few.dtype.reset();
    few.source.clear();
    const Manifest before = parse_manifest(ready_text(), "m").value();
    const Manifest made = parse_manifest(edit_manifest(ready_text(), few).value(), "m").value();
    EXPECT_EQ(made.info.dtype, before.info.dtype);
    EXPECT_EQ(made.info.source, "");
    EXPECT_EQ(made.info.text.default_prompt, before.info.text.default_prompt);
    EXPECT_EQ(made.weights.ties, before.weights.ties);
    EXPECT_EQ(made.config, before.config);
    EXPECT_EQ(made.config.at("text_config.hidden_size"), "2560");
    ASSERT_EQ(made.weights.keys.size(), 1U);
    EXPECT_EQ(made.weights.keys[0].shape, (std::vector<std::int64_t>{2, 3}));
}

TEST(EditManifest, KeysThatAreNoShapesAreRefused) {
    nlohmann::json manifest = nlohmann::json::parse(ready_text());
    for (const char* wrong : {R"({"a": [-1]})", R"({"a": "2x3"})", R"([])"}) {
        manifest["weights"]["keys"] = nlohmann::json::parse(wrong);
        const auto made = parse_manifest(manifest.dump(), "m");
        ASSERT_FALSE(made.has_value()) << wrong;
        EXPECT_NE(made.error().message.find("weights.keys"), std::string::npos);
    }
}

}  // namespace
}  // namespace vignette
