#include "app/models/bundles.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "app/models/find_bundle.h"
#include "app/models/model_facts.h"
#include "bundle/manifest_text.h"
#include "fakes/scratch_folder.h"

namespace vignette {
namespace {
namespace fs = std::filesystem;

class Bundles : public testing::Test {
protected:
    Bundles() {
        const std::string folders =
            (root_.path() / "first").string() + ":" + (root_.path() / "second").string();
        setenv("VIGNETTE_MODELS", folders.c_str(), 1);
    }
    ~Bundles() override { unsetenv("VIGNETTE_MODELS"); }

    void write(const std::string& folder, std::string_view patch) const {
        nlohmann::json manifest = nlohmann::json::parse(manifest_text);
        manifest.merge_patch(nlohmann::json::parse(patch));
        if (patch == ready_patch) manifest["weights"]["folder"] = manifest["tokenizer"]["sha256"] = nullptr;
        fs::create_directories(root_.path() / folder);
        root_.write(folder + "/manifest.json", manifest.dump());
    }
    void write_ready(const std::string& folder) const { write(folder, ready_patch); }

    const ScratchFolder root_;
};

TEST_F(Bundles, AJobFindsTheOneThatIsMadeOfItsCheckpoint) {
    write("first/other", R"({"source": "people/other"})");
    write("second/mine", R"({"source": "people/tiny"})");
    EXPECT_EQ(find_named_bundle("people/tiny").value(), root_.path() / "second/mine");
    EXPECT_EQ(find_bundle("people/tiny").value(), root_.path() / "second/mine");
}

TEST_F(Bundles, OneWithWeightsComesBeforeTheOneThatWaits) {
    write_ready("first/people--tiny");
    const auto waiting = find_named_bundle("people/tiny");
    ASSERT_FALSE(waiting.has_value());
    EXPECT_EQ(waiting.error().code, ErrorCode::model_not_found);
    EXPECT_NE(waiting.error().message.find("vignette models add people/tiny"), std::string::npos);
    EXPECT_EQ(find_bundle_or_ready("people/tiny").value(), root_.path() / "first/people--tiny");
    write("second/tiny", "{}");
    EXPECT_EQ(find_named_bundle("people/tiny").value(), root_.path() / "second/tiny");
}

TEST_F(Bundles, ADamagedOneIsListedWithItsProblem) {
    fs::create_directories(root_.path() / "first/broken");
    root_.write("first/broken/manifest.json", "{");
    write("first/tiny", "{}");
    const std::vector<Bundle> found = find_bundles();
    ASSERT_GE(found.size(), 2U);
    EXPECT_EQ(found[0].name(), "broken");
    const ModelSummary broken = summarise(found[0]);
    EXPECT_EQ(broken.weights, WeightsState::unknown);
    EXPECT_NE(broken.problem.find("not JSON"), std::string::npos);
    const ModelSummary tiny = summarise(found[1]);
    EXPECT_EQ(tiny.weights, WeightsState::missing) << "its file is not there";
    EXPECT_NE(tiny.problem.find("model.safetensors"), std::string::npos);
}

TEST_F(Bundles, ANamesakeInALaterFolderIsHidden) {
    write("first/tiny", "{}");
    write("second/tiny", "{}");
    int seen = 0;
    for (const Bundle& bundle : find_bundles()) seen += bundle.name() == "tiny" ? 1 : 0;
    EXPECT_EQ(seen, 1);
}

TEST_F(Bundles, OnlyThoseThatWaitAreReady) {
    write_ready("first/waiting");
    write("first/whole", "{}");
    std::vector<std::string> names;
    for (const Bundle& bundle : find_ready_bundles()) {
        if (bundle.folder.parent_path() == root_.path() / "first") names.push_back(bundle.name());
    }
    EXPECT_EQ(names, std::vector<std::string>{"waiting"});
}

}  // namespace
}  // namespace vignette
