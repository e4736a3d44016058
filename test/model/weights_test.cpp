#include "model/weights.h"

#include <ATen/ops/cat.h>
#include <gtest/gtest.h>
#include <torch/csrc/jit/serialization/import.h>

#include <cstring>
#include <functional>
#include <nlohmann/json.hpp>

#include "bundle/file_digest.h"
#include "bundle/safetensors_text.h"
#include "fakes/mapping_of.h"
#include "fakes/scratch_folder.h"
#include "model/golden.h"

namespace vignette {
namespace {

constexpr const char* query = "query_tokens";

// The golden program and a copy of its weights to change.
class WeightsTest : public testing::Test {
protected:
    WeightsTest() : manifest_(golden_manifest()) {
        const auto file = golden_bundle() / manifest_.weights.folder / manifest_.weights.files.at(0).file;
        content_ = read_file(file, 100 << 20).value();
        manifest_.weights.folder = folder_.path();
        module_ = torch::jit::load((golden_bundle() / manifest_.program.file).string());
    }

    Result<void> assign(WeightsStay stay = WeightsStay::in_their_file) {
        folder_.write(manifest_.weights.files.at(0).file, content_);
        manifest_.weights.files.at(0).bytes = content_.size();
        const c10::InferenceMode guard;
        mapped_ =
            TRY(assign_weights(module_, manifest_, golden_bundle(), {.device = at::kCPU, .stay = stay}));
        return {};
    }

    // Same length, so that all offsets stay right.
    void replace(std::string_view old, std::string_view fresh) {
        ASSERT_EQ(old.size(), fresh.size());
        const std::size_t at = content_.find(old);
        ASSERT_NE(at, std::string::npos) << old;
        content_.replace(at, old.size(), fresh);
    }

    at::Tensor parameter(const std::string& path) const {
        torch::jit::Module module = module_;
        std::size_t start = 0;
        for (std::size_t dot; (dot = path.find('.', start)) != path.npos; start = dot + 1)
            module = module.attr(path.substr(start, dot - start)).toModule();
        return module.attr(path.substr(start)).toTensor();
    }

    ScratchFolder folder_;
    Manifest manifest_;
    std::string content_;
    torch::jit::Module module_;
    MappedWeights mapped_;
};

TEST_F(WeightsTest, EveryParameterHasAValueAndTiedOnesAreOneTensor) {
    ASSERT_TRUE(assign());
    for (const at::Tensor& one : module_.parameters()) EXPECT_FALSE(one.is_meta());
    for (const auto& [to, from] : manifest_.weights.ties)
        EXPECT_TRUE(parameter(to).is_same(parameter(from))) << to;
}

TEST_F(WeightsTest, StayInTheFileWhenTheTypeFits) {
    ASSERT_TRUE(assign());
    const std::string mapping = mapping_of(parameter(query).const_data_ptr());
    EXPECT_NE(mapping.find(folder_.path().string()), std::string::npos) << mapping;
    EXPECT_NE(mapping.find(" r--p "), std::string::npos) << mapping;
}

TEST_F(WeightsTest, AMisalignedFileHasTheSameValues) {
    ASSERT_TRUE(assign());
    const at::Tensor aligned = parameter(query).clone();
    std::uint64_t length = 0;
    std::memcpy(&length, content_.data(), sizeof(length));
    content_.insert(sizeof(length) + length, " ");
    ++length;
    std::memcpy(content_.data(), &length, sizeof(length));
    module_ = torch::jit::load((golden_bundle() / manifest_.program.file).string());
    ASSERT_TRUE(assign());
    EXPECT_TRUE(parameter(query).equal(aligned));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(parameter(query).const_data_ptr()) % sizeof(float), 0U);
}

TEST_F(WeightsTest, AreCastButForWhatStaysFloat32InAFloat16Model) {
    manifest_.info.dtype = Dtype::float16;
    manifest_.weights.float32 = {query, "qformer."};
    ASSERT_TRUE(assign());
    EXPECT_EQ(parameter(query).scalar_type(), at::kFloat);
    EXPECT_EQ(parameter("qformer.layernorm.weight").scalar_type(), at::kFloat);
    EXPECT_EQ(parameter("language_projection.weight").scalar_type(), at::kHalf);
}

TEST_F(WeightsTest, ABfloat16ModelIsBfloat16Throughout) {
    manifest_.info.dtype = Dtype::bfloat16;
    manifest_.weights.float32 = {query, "qformer."};
    ASSERT_TRUE(assign());
    for (const at::Tensor& one : module_.parameters()) EXPECT_EQ(one.scalar_type(), at::kBFloat16);
}

TEST_F(WeightsTest, ANameIsTriedAsItIsAndThenRenamed) {
    replace("\"query_tokens\"", "\"older_tokens\"");
    EXPECT_EQ(assign().error().code, ErrorCode::weights_invalid);
    manifest_.weights.renames = {{.from = "qu", .to = "nobody"}, {.from = "query_", .to = "older_"}};
    EXPECT_TRUE(assign());
}

constexpr const char* attention = "language_model.model.decoder.layers.0.self_attn.";

TEST_F(WeightsTest, APackIsItsPartsInTheirOrderAndTheyAreInIt) {
    ASSERT_FALSE(manifest_.weights.packs.empty());
    ASSERT_TRUE(assign(WeightsStay::on_the_device));
    const std::string module = attention;
    std::vector<at::Tensor> parts;
    for (const char* part : {"q_proj.weight", "k_proj.weight", "v_proj.weight"})
        parts.push_back(parameter(module + part));
    const at::Tensor whole = parameter(module + "qkv");
    EXPECT_TRUE(whole.equal(at::cat(parts)));
    for (const at::Tensor& part : parts) EXPECT_TRUE(part.is_alias_of(whole));
    module_ = torch::jit::load((golden_bundle() / manifest_.program.file).string());
    ASSERT_TRUE(assign());
    EXPECT_TRUE(parameter(module + "k_proj.weight").equal(parts.at(1)));
    EXPECT_EQ(parameter(module + "qkv").numel(), 0);  // it would be there twice
}

TEST_F(WeightsTest, APartOfAPackIsCastOnItsWay) {
    manifest_.info.dtype = Dtype::float16;
    ASSERT_TRUE(assign(WeightsStay::on_the_device));
    const std::string module = attention;
    const at::Tensor whole = parameter(module + "qkv");
    EXPECT_EQ(whole.scalar_type(), at::kHalf);
    const at::Tensor part = parameter(module + "v_proj.weight");
    EXPECT_TRUE(whole.narrow(0, 2 * part.size(0), part.size(0)).equal(part));
    EXPECT_TRUE(part.is_alias_of(whole));
}

TEST_F(WeightsTest, APackThatDoesNotFitTheProgramIsRefused) {
    for (const std::vector<std::string>& parts :
         {std::vector<std::string>{"q_proj.weight", "nobody.weight"},
          {"q_proj.weight", "q_proj.weight"},
          {"q_proj.weight", "q_proj.bias"}}) {
        module_ = torch::jit::load((golden_bundle() / manifest_.program.file).string());
        manifest_.weights.packs = {
            {.whole = "self_attn.qkv", .parts = parts}, {.whole = "self_attn.qkv_bias"}
        };
        manifest_.weights.packs.at(1).parts = {"q_proj.bias"};
        const Result<void> assigned = assign(WeightsStay::on_the_device);
        ASSERT_FALSE(assigned) << parts.back();
        EXPECT_EQ(assigned.error().code, ErrorCode::bundle_invalid);
        EXPECT_NE(assigned.error().message.find("pack self_attn.qkv"), std::string::npos);
    }
}

// LLaVA-NeXT's files: with the published names, with those of a model in memory, and as transformers 5 saves
// them (the golden file, which the other tests load).
class SpellingTest : public testing::Test {
protected:
    SpellingTest() : manifest_(golden_manifest("llava-next")) {
        const auto folder = golden_bundle("llava-next") / manifest_.weights.folder;
        content_ = read_file(folder / manifest_.weights.files.at(0).file, 100 << 20).value();
        std::uint64_t length = 0;
        std::memcpy(&length, content_.data(), sizeof(length));
        header_ = nlohmann::json::parse(content_.substr(sizeof(length), length));
        data_ = content_.substr(sizeof(length) + length);
    }

    // The file with each of the program's parameters under the name that `spell` gives it.
    std::string respelled(const std::function<std::string(const std::string&)>& spell) const {
        torch::jit::Module module = torch::jit::load(program());
        nlohmann::json header;
        for (const auto& parameter : module.named_parameters()) {
            if (manifest_.weights.ties.contains(parameter.name)) continue;
            header[spell(parameter.name)] = header_.at(name_in_file(parameter.name));
        }
        return safetensors_text(header.dump(), data_);
    }

    std::string name_in_file(const std::string& parameter) const {
        if (header_.contains(parameter)) return parameter;
        for (const PrefixRename& rename : manifest_.weights.renames) {
            if (!parameter.starts_with(rename.from)) continue;
            std::string renamed = rename.to + parameter.substr(rename.from.size());
            if (header_.contains(renamed)) return renamed;
        }
        return "nowhere: " + parameter;
    }

    std::string program() const { return (golden_bundle("llava-next") / manifest_.program.file).string(); }

    Result<void> assign(const std::string& content) {
        manifest_.weights.folder = folder_.path();
        folder_.write(manifest_.weights.files.at(0).file, content);
        manifest_.weights.files.at(0).bytes = content.size();
        torch::jit::Module module = torch::jit::load(program());
        const c10::InferenceMode guard;
        TRY(assign_weights(module, manifest_, golden_bundle("llava-next"), {.device = at::kCPU}));
        return {};
    }

    ScratchFolder folder_;
    Manifest manifest_;
    std::string content_;
    nlohmann::json header_;
    std::string data_;
};

TEST_F(SpellingTest, EachOfTheKnownOnesIsFound) {
    const auto published = [](const std::string& name) { return name; };
    const auto outcome = assign(respelled(published));
    EXPECT_TRUE(outcome) << outcome.error().message;
    const auto in_memory = [this](const std::string& name) {
        for (const PrefixRename& rename : manifest_.weights.renames) {
            const bool of_memory = rename.to.starts_with("model.") || rename.to.starts_with("lm_head.");
            if (of_memory && name.starts_with(rename.from))
                return rename.to + name.substr(rename.from.size());
        }
        return "nowhere: " + name;
    };
    const auto other = assign(respelled(in_memory));
    EXPECT_TRUE(other) << other.error().message;
}

TEST_F(SpellingTest, AnUnknownOneIsNamed) {
    const auto unknown = [](const std::string& name) {
        return name.starts_with("multi_modal_projector.linear_1.") ? "x" + name : name;
    };
    const auto outcome = assign(respelled(unknown));
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::weights_invalid);
    EXPECT_NE(
        outcome.error().message.find("no file has the tensor multi_modal_projector.linear_1."),
        std::string::npos
    );
}

TEST_F(WeightsTest, AMissingTensorIsNamed) {
    replace("\"query_tokens\"", "\"other_tokens\"");
    const Error error = assign().error();
    EXPECT_EQ(error.code, ErrorCode::weights_invalid);
    EXPECT_NE(error.message.find("no file has the tensor query_tokens"), std::string::npos) << error.message;
    EXPECT_NE(error.message.find(folder_.path().string()), std::string::npos) << error.message;
}

TEST_F(WeightsTest, AWrongShapeIsNamedWithBothShapes) {
    const at::Tensor shape_only = parameter(query);
    const std::string right = std::to_string(shape_only.size(1)) + "," + std::to_string(shape_only.size(2));
    replace("\"shape\":[1," + right + "]", "\"shape\":[" + right + ",1]");
    const Error error = assign().error();
    EXPECT_EQ(error.code, ErrorCode::weights_invalid);
    EXPECT_NE(error.message.find("query_tokens has the shape ["), std::string::npos) << error.message;
    EXPECT_NE(error.message.find("the program wants [1, "), std::string::npos) << error.message;
}

TEST_F(WeightsTest, AFileThatIsCutOffIsRefused) {
    content_.resize(content_.size() - 1);
    EXPECT_EQ(assign().error().code, ErrorCode::weights_invalid);
    folder_.write(manifest_.weights.files.at(0).file, "");
    content_.clear();
    EXPECT_EQ(assign().error().code, ErrorCode::weights_invalid);
}

}  // namespace
}  // namespace vignette
