#include "bundle/snapshot.h"

#include <gtest/gtest.h>

#include "bundle/safetensors_text.h"
#include "fakes/scratch_folder.h"

namespace vignette {
namespace {
namespace fs = std::filesystem;

class SnapshotFolder : public testing::Test {
protected:
    SnapshotFolder() {
        folder_.write(
            "config.json", R"({"model_type": "x", "text_config": {"hidden_size": 8, "layers": [1, 2]}})"
        );
        folder_.write(
            "tokenizer.json", R"({"model": {}, "added_tokens": [{"id": 500, "content": "<image>"}]})"
        );
        folder_.write("model.safetensors", weights());
    }
    static std::string weights() {
        return safetensors_text(
            R"({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}})", std::string(8, 'x')
        );
    }
    Snapshot read() const { return read_snapshot(folder_.path(), "fetch it"); }
    std::string problem() const {
        const Snapshot made = read();
        EXPECT_EQ(made.problems.size(), 1U);
        return made.problems.empty() ? "" : made.problems.front().message;
    }

    const ScratchFolder folder_;
};

TEST_F(SnapshotFolder, AWholeOneHasFactsAndFilesAndNoProblems) {
    const Snapshot made = read();
    EXPECT_TRUE(made.problems.empty());
    EXPECT_EQ(
        made.config,
        (ConfigFacts{
            {"model_type", "\"x\""}, {"text_config.hidden_size", "8"}, {"text_config.layers", "[1,2]"}
        })
    );
    ASSERT_EQ(made.weights.size(), 1U);
    EXPECT_EQ(made.weights[0].bytes, weights().size());
    EXPECT_EQ(made.weights[0].sha256, "");
    EXPECT_TRUE(made.files.find("a", {}).has_value());
}

TEST_F(SnapshotFolder, ALinkIntoACacheTellsTheDigest) {
    const std::string digest(64, 'b');
    fs::rename(folder_.path() / "model.safetensors", folder_.path() / digest);
    fs::create_symlink(digest, folder_.path() / "model.safetensors");
    EXPECT_EQ(read().weights.at(0).sha256, digest);
}

TEST_F(SnapshotFolder, AProblemSaysWhatToDo) {
    fs::remove(folder_.path() / "model.safetensors");
    EXPECT_NE(problem().find("; get it again with fetch it"), std::string::npos);
    folder_.write("pytorch_model-00001-of-00002.bin", "x");
    EXPECT_NE(problem().find("; convert them with scripts/fetch-model --convert"), std::string::npos);
}

TEST_F(SnapshotFolder, AnIndexComesBeforeAWholeFile) {
    folder_.write("model.safetensors.index.json", R"({"weight_map": {"a": "one.safetensors"}})");
    EXPECT_NE(problem().find("one.safetensors is missing"), std::string::npos);
    folder_.write("one.safetensors", weights());
    EXPECT_EQ(read().weights.at(0).name, "one.safetensors");
}

TEST_F(SnapshotFolder, AnIndexNamesPlainFilesOnly) {
    for (const char* wrong :
         {R"({})", R"({"weight_map": []})", R"({"weight_map": {}})", R"({"weight_map": {"a": 1}})",
          R"({"weight_map": {"a": "../x"}})", R"({"weight_map": {"a": "x/y"}})",
          R"({"weight_map": {"a": ".x"}})", R"({"weight_map": {"a": "x\u0000y"}})", "{"}) {
        folder_.write("model.safetensors.index.json", wrong);
        EXPECT_NE(problem().find("model.safetensors.index.json"), std::string::npos) << wrong;
    }
}

TEST(ConfigDifferences, OnlyWhatIsSaidCounts) {
    const ConfigFacts expected{{"model_type", "\"x\""}, {"a.b", "8"}};
    EXPECT_TRUE(config_differences(expected, {{"model_type", "\"x\""}, {"c", "1"}}).empty());
    EXPECT_EQ(
        config_differences(expected, {{"model_type", "\"x\""}, {"a.b", "9"}}),
        std::vector<std::string>{"a.b is 9, not 8"}
    );
    EXPECT_EQ(config_differences(expected, {{"a.b", "8"}}).size(), 1U)
        << "a snapshot without a type is nobody's";
}

TEST(ConfigDifferences, AFactorOfPositionsMustBeSaid) {
    const ConfigFacts expected{{"model_type", "\"x\""}, {"t.rope_scaling.factor", "2.5"}};
    ConfigFacts found{{"model_type", "\"x\""}, {"t.rope_scaling", "null"}};
    EXPECT_EQ(
        config_differences(expected, found),
        std::vector<std::string>{"t.rope_scaling.factor is missing, not 2.5"}
    );
    found["t.rope_parameters.factor"] = "2.5";
    EXPECT_TRUE(config_differences(expected, found).empty()) << "the newer name";
    found["t.rope_scaling.factor"] = "2.0";
    EXPECT_EQ(config_differences(expected, found).size(), 1U);
}

TEST_F(SnapshotFolder, ATokenizerNeedsTheImageTokenOnlyWhereItIsSearchedFor) {
    BundleInfo info;
    info.text.image_token = TokenId{500};
    const auto problems = [&] { return check_tokenizer(folder_.path(), info, "fetch it").size(); };
    info.text.placement = Placement::placeholder;
    EXPECT_EQ(problems(), 0U);
    info.text.image_token = TokenId{501};
    EXPECT_EQ(problems(), 1U);
    info.text.placement = Placement::before;
    EXPECT_EQ(problems(), 0U);
    for (const char* wrong : {"", "{", "[]", "{}"}) {
        folder_.write("tokenizer.json", wrong);
        EXPECT_EQ(problems(), 1U) << wrong;
    }
}

}  // namespace
}  // namespace vignette
