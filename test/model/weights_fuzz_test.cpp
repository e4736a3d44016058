// Broken headers through the whole load: every parameter gets a value, or the error says which file is to
// blame.
#include <gtest/gtest.h>
#include <torch/csrc/jit/serialization/import.h>

#include "bundle/file_digest.h"
#include "bundle/safetensors_mutations.h"
#include "fakes/scratch_folder.h"
#include "model/golden.h"
#include "model/weights.h"

namespace vignette {
namespace {

constexpr int rounds = 300;

void load_mutations(const std::string& family) {
    const ScratchFolder folder;
    Manifest manifest = golden_manifest(family);
    WeightsFile& named = manifest.weights.files.at(0);
    const auto original = golden_bundle(family) / manifest.weights.folder / named.file;
    manifest.weights.folder = folder.path();
    const torch::jit::Module pristine =
        torch::jit::load((golden_bundle(family) / manifest.program.file).string());
    const std::uint64_t seed = mutation_seed(family.c_str());
    SafetensorsMutations mutations(read_file(original, 100 << 20).value(), seed);
    int loaded = 0;
    for (int round = 0; round < rounds; ++round) {
        SCOPED_TRACE(family + ", seed " + std::to_string(seed) + ", round " + std::to_string(round));
        const std::string file = mutations.next();
        std::filesystem::remove(folder.path() / named.file);  // the last one may still be mapped
        folder.write(named.file, file);
        named.bytes = file.size();
        const c10::InferenceMode guard;
        torch::jit::Module module = pristine.deepcopy();
        const Result<MappedWeights> outcome =
            assign_weights(module, manifest, golden_bundle(family), {.device = at::kCPU});
        if (!outcome) {
            EXPECT_EQ(outcome.error().code, ErrorCode::weights_invalid) << outcome.error().message;
            EXPECT_NE(outcome.error().message.find(folder.path().string()), std::string::npos)
                << outcome.error().message;
            continue;
        }
        ++loaded;
        for (const at::Tensor& one : module.parameters()) ASSERT_FALSE(one.is_meta());
    }
    EXPECT_GT(loaded, 0);
    EXPECT_LT(loaded, rounds);
}

TEST(WeightsFuzz, ABrokenHeaderOfACaptionerIsAnError) { load_mutations("blip2-opt"); }

TEST(WeightsFuzz, ABrokenHeaderOfAnEmbedderIsAnError) { load_mutations("clip"); }

}  // namespace
}  // namespace vignette
