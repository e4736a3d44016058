#include "model/footprint.h"

#include <gtest/gtest.h>

#include "model/bundle_folder.h"
#include "vignette/bytes.h"

namespace vignette {
namespace {

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

TEST(Footprint, TheCacheHasOneSlotMoreThanAsked) {
    const Manifest manifest = parse_manifest(manifest_text, "manifest.json").value();
    const std::uint64_t slot = 2 * 3 * 96 * 4 * 16 * 2;
    EXPECT_EQ(bytes_per_slot(manifest.cache, Dtype::float16), slot);
    EXPECT_EQ(cache_bytes(manifest, 7, true), 8 * slot);
    EXPECT_EQ(cache_bytes(manifest, 0, true), 97 * slot);
    EXPECT_EQ(cache_bytes(manifest, 0, false), 25 * slot);
}

TEST(Footprint, ALargeModelHasFewerSlotsButEnoughForItsBeams) {
    Manifest manifest = parse_manifest(manifest_text, "manifest.json").value();
    manifest.cache = {.layers = 64, .heads = 64, .head_dim = 128, .positions = 512};  // 1 GiB a slot
    EXPECT_EQ(default_slots(manifest, true), 7);
    EXPECT_EQ(default_slots(manifest, false), manifest.info.generation.num_beams_limit);
}

}  // namespace
}  // namespace vignette
