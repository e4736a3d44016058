#include "bundle/footprint.h"

#include <gtest/gtest.h>

#include "bundle/bundle_folder.h"
#include "vignette/bytes.h"

namespace vignette {
namespace {

constexpr std::uint64_t gib = 1024 * MiB;

TEST(Footprint, WeightsCountInTheModelsTypeAndNotInTheFiles) {
    const BundleFolder bundle;
    const Manifest manifest = read_manifest(bundle.path()).value();
    EXPECT_EQ(weights_bytes(manifest, bundle.path()).value(), 4U * 2 + 2U * 4);
}

TEST(Footprint, AParameterStaysFloat32UnderItsRenamedNameToo) {
    const BundleFolder bundle;
    Manifest manifest = read_manifest(bundle.path()).value();
    manifest.weights.renames = {{.from = "qformer.old_", .to = "head."}};
    EXPECT_EQ(weights_bytes(manifest, bundle.path()).value(), 6U * 4);
    manifest.info.dtype = Dtype::bfloat16;  // only float16 keeps some in float32
    EXPECT_EQ(weights_bytes(manifest, bundle.path()).value(), 6U * 2);
}

TEST(Footprint, WeightsThatAreNotThereOrOfAnotherSizeAreRefused) {
    const BundleFolder bundle;
    const Manifest manifest = read_manifest(bundle.path()).value();
    bundle.write("model.safetensors", safetensors_text("{}"));
    EXPECT_EQ(weights_bytes(manifest, bundle.path()).error().code, ErrorCode::weights_invalid);
    std::filesystem::remove(bundle.path() / "model.safetensors");
    EXPECT_FALSE(weights_bytes(manifest, bundle.path()).has_value());
}

TEST(Footprint, WeightsThatAreNotHereYetAreToldFromTheirList) {
    Manifest manifest = parse_manifest(manifest_text, "manifest.json").value();
    EXPECT_EQ(expected_weights_bytes(manifest).value(), 0U);
    manifest.weights.keys = {
        {"layers.{0..2}.weight", {2, 5}}, {"qformer.bias", {7}}, {"head.weight", {1000}}, {"scale", {}}
    };
    const std::uint64_t most = 3 * 2 * 5 + 1;  // head.weight is tied to another
    EXPECT_EQ(expected_weights_bytes(manifest).value(), most * 2 + 7 * 4);
    manifest.info.dtype = Dtype::float32;
    EXPECT_EQ(expected_weights_bytes(manifest).value(), (most + 7) * 4);
}

TEST(Footprint, TheCacheHasOneSlotMoreThanAsked) {
    const Manifest manifest = parse_manifest(manifest_text, "manifest.json").value();
    const std::uint64_t slot = 2 * 3 * 96 * 4 * 16 * 2;
    EXPECT_EQ(bytes_per_slot(manifest.cache, Dtype::float16), slot);
    EXPECT_EQ(cache_bytes(manifest, 7, 80 * gib), 8 * slot);
    EXPECT_EQ(cache_bytes(manifest, 0, 80 * gib), 97 * slot);
    EXPECT_EQ(cache_bytes(manifest, 0, std::nullopt), 25 * slot);
}

TEST(Footprint, AnEmbedderHasNoCache) {
    Manifest manifest = parse_manifest(manifest_text, "manifest.json").value();
    manifest.info.kind = BundleKind::embedder;
    EXPECT_EQ(cache_bytes(manifest, 0, 80 * gib), 0U);
}

// LLaVA-NeXT of 7 billion in float16: 448 MiB a slot.
TEST(Footprint, ALargeModelHasTheSlotsThatFitOnAGpuAndEnoughForItsBeamsElsewhere) {
    Manifest manifest = parse_manifest(manifest_text, "manifest.json").value();
    manifest.cache = {.layers = 32, .heads = 8, .head_dim = 128, .positions = 3584};
    ASSERT_EQ(bytes_per_slot(manifest.cache, Dtype::float16), 448 * MiB);
    EXPECT_EQ(default_slots(manifest, 65 * gib), 96);
    EXPECT_EQ(default_slots(manifest, 8 * gib), 12);  // 6 GiB, and the scratch slot
    EXPECT_EQ(default_slots(manifest, 2 * gib), 2);   // fewer than its beams
    EXPECT_EQ(default_slots(manifest, 0), 1);
    EXPECT_EQ(default_slots(manifest, std::nullopt), manifest.info.generation.num_beams_limit);
}

}  // namespace
}  // namespace vignette
