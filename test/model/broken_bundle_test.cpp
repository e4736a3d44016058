// Bundles whose parts do not fit each other: a typed error that names what is wrong, before the first
// picture.
#include <gtest/gtest.h>

#include "bundle/file_digest.h"
#include "fakes/scratch_folder.h"
#include "model/golden.h"
#include "model/torch_embedder.h"
#include "model/torch_model.h"

namespace vignette {
namespace {

class BrokenBundleTest : public testing::Test {
protected:
    explicit BrokenBundleTest(const std::string& family = "blip2-opt") { use(family); }

    void use(const std::string& family) {
        manifest_ = golden_manifest(family);
        std::filesystem::copy(
            golden_bundle(family), folder_.path(),
            std::filesystem::copy_options::recursive | std::filesystem::copy_options::overwrite_existing
        );
        manifest_.weights.folder =
            std::filesystem::absolute(golden_bundle(family) / manifest_.weights.folder).lexically_normal();
    }

    // Another family's program under this manifest.
    void take_program_of(const std::string& family) {
        const FileDigest& other = golden_manifest(family).program;
        const std::string program =
            read_file_checked(golden_bundle(family) / other.file, other.sha256, 64 << 20).value();
        folder_.write(manifest_.program.file, program);
        manifest_.program.sha256 = other.sha256;
    }

    Error error(bool warms_up = true) const {
        const ModelOptions options{.device = "cpu", .slots = 4, .warms_up = warms_up, .threads = 1};
        if (manifest_.info.kind == BundleKind::embedder)
            return TorchEmbedder::open(folder_.path(), manifest_, options).error();
        return TorchModel::open(folder_.path(), manifest_, options).error();
    }

    ScratchFolder folder_;
    Manifest manifest_;
};

TEST_F(BrokenBundleTest, AProgramThatIsNotTheManifestsIsRefused) {
    const auto program = folder_.write(manifest_.program.file, "something else");
    EXPECT_EQ(error().code, ErrorCode::bundle_invalid);
    EXPECT_NE(error().message.find(program.string()), std::string::npos);
    std::filesystem::remove(program);
    EXPECT_EQ(error().code, ErrorCode::bundle_invalid);
}

TEST_F(BrokenBundleTest, AProgramThatIsNoProgramIsRefused) {
    folder_.write(manifest_.program.file, "");
    manifest_.program.sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    EXPECT_EQ(error().code, ErrorCode::bundle_invalid);
    EXPECT_NE(error().message.find("export the bundle again"), std::string::npos);
}

TEST_F(BrokenBundleTest, AProgramOfAnotherKindLacksMethodsAndTheFirstIsNamed) {
    take_program_of("clip");
    EXPECT_EQ(error().code, ErrorCode::bundle_invalid);
    EXPECT_NE(error().message.find("has no method encode"), std::string::npos) << error().message;
    use("clip");
    take_program_of("blip2-opt");
    EXPECT_NE(error().message.find("has no method embed_image"), std::string::npos) << error().message;
    use("llava-next");
    take_program_of("blip");
    EXPECT_NE(error().message.find("has no method pack"), std::string::npos) << error().message;
}

// Methods of the same names, other weights or another cache.
TEST_F(BrokenBundleTest, AnotherFamilysProgramIsRefused) {
    for (std::size_t i = 0; i < captioner_families.size(); ++i) {
        for (const std::size_t further : {1U, 2U}) {
            const std::string family = captioner_families[i];
            const std::string other = captioner_families[(i + further) % captioner_families.size()];
            use(family);
            take_program_of(other);
            const ErrorCode code = error().code;
            EXPECT_TRUE(code == ErrorCode::bundle_invalid || code == ErrorCode::weights_invalid)
                << family << " with the program of " << other << ": " << error().message;
        }
    }
}

TEST_F(BrokenBundleTest, ACacheOfAnotherShapeIsFoundOutBeforeTheFirstPicture) {
    for (const char* family : captioner_families) {
        for (int CacheSpec::* const side : {&CacheSpec::heads, &CacheSpec::head_dim, &CacheSpec::layers}) {
            use(family);
            manifest_.cache.*side += side == &CacheSpec::layers ? -manifest_.cache.layers + 1 : 1;
            if (manifest_.cache.layers == golden_manifest(family).cache.layers && side == &CacheSpec::layers)
                continue;  // it has one
            EXPECT_EQ(error().code, ErrorCode::bundle_invalid) << family;
            EXPECT_EQ(error(false).code, ErrorCode::bundle_invalid) << family << " without a warm-up";
        }
    }
}

// Heads and their width exchanged: as many numbers, in another order.
TEST_F(BrokenBundleTest, ACacheThatOnlyLooksAlikeIsRefused) {
    for (const char* family : captioner_families) {
        use(family);
        if (manifest_.cache.heads == manifest_.cache.head_dim) continue;
        std::swap(manifest_.cache.heads, manifest_.cache.head_dim);
        EXPECT_EQ(error().code, ErrorCode::bundle_invalid) << family;
    }
}

TEST_F(BrokenBundleTest, MorePositionsThanTheProgramKnowsAreFoundOutBeforeTheFirstPicture) {
    manifest_.cache.positions = 1000;  // OPT has a table of 128 to 300
    EXPECT_EQ(error().code, ErrorCode::bundle_invalid);
}

TEST_F(BrokenBundleTest, AVocabularyOfAnotherSizeIsFoundOutBeforeTheFirstPicture) {
    for (const char* family : captioner_families) {
        use(family);
        manifest_.info.text.vocabulary += 1;
        EXPECT_EQ(error().code, ErrorCode::bundle_invalid);
        EXPECT_NE(error().message.find("vocabulary"), std::string::npos) << error().message;
    }
}

TEST_F(BrokenBundleTest, AnotherNumberOfPlaceholdersIsFoundOutBeforeTheFirstPicture) {
    manifest_.info.text.image_tokens += 1;
    EXPECT_EQ(error().code, ErrorCode::bundle_invalid);
    use("llava-next");
    manifest_.info.pixels.patch = manifest_.info.pixels.size.width;
    EXPECT_EQ(error().code, ErrorCode::bundle_invalid);
}

TEST_F(BrokenBundleTest, PicturesOfAnotherSizeAreFoundOutBeforeTheFirstPicture) {
    for (const char* family : {"blip2-opt", "blip", "clip"}) {
        use(family);
        manifest_.info.pixels.size.width *= 2;
        EXPECT_EQ(error().code, ErrorCode::bundle_invalid) << family;
    }
}

TEST_F(BrokenBundleTest, AWidthThatIsNotTheVectorsIsFoundOutBeforeTheFirstPicture) {
    use("clip");
    manifest_.info.width += 1;
    EXPECT_EQ(error().code, ErrorCode::bundle_invalid);
    EXPECT_NE(error().message.find(std::to_string(manifest_.info.width) + " wide"), std::string::npos)
        << error().message;
}

TEST_F(BrokenBundleTest, MissingWeightsAreNamed) {
    manifest_.weights.files.at(0).file = "none.safetensors";
    EXPECT_EQ(error().code, ErrorCode::weights_invalid);
    EXPECT_NE(error().message.find("none.safetensors"), std::string::npos);
}

TEST_F(BrokenBundleTest, ABundleThatWaitsForItsWeightsSaysHowToGetThem) {
    manifest_.weights.folder.clear();
    manifest_.weights.files.clear();
    manifest_.info.source = "people/tiny";
    EXPECT_EQ(error().code, ErrorCode::model_not_found);
    EXPECT_NE(error().message.find("vignette models add people/tiny"), std::string::npos);
}

TEST_F(BrokenBundleTest, AKindThatDoesNotFitTheUseIsNamed) {
    const auto captioner =
        TorchModel::open(golden_bundle("clip"), golden_manifest("clip"), {.device = "cpu"});
    EXPECT_EQ(captioner.error().code, ErrorCode::usage);
    const auto embedder = TorchEmbedder::open(golden_bundle(), golden_manifest(), {.device = "cpu"});
    EXPECT_EQ(embedder.error().code, ErrorCode::usage);
}

}  // namespace
}  // namespace vignette
