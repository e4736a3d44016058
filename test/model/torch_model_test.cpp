// Against a tiny random BLIP-2 whose every answer is known from the reference (make_fixtures.py).
#include "model/torch_model.h"

#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>

#include "fakes/scratch_folder.h"
#include "model/golden.h"
#include "model/preprocess.h"

namespace vignette {
namespace {

class TorchModelTest : public testing::Test {
protected:
    static void SetUpTestSuite() { model_ = open({.device = "cpu", .slots = 8, .threads = 1}); }
    static void TearDownTestSuite() { model_.reset(); }

    static std::unique_ptr<Model> open(const ModelOptions& options) {
        auto opened = TorchModel::open(golden_bundle(), golden_manifest(), options);
        EXPECT_TRUE(opened) << opened.error().message;
        return opened ? std::move(*opened) : nullptr;
    }

    Candidate first_of(const Result<StepResult>& result, std::size_t choice) const {
        return result.value().candidates.at(choice).at(0);
    }

    StepPlan admission(SlotId slot, int number, Choice choice = {}) {
        pixels_[number] = model_->preprocess(golden_.image(number)).value();
        prompts_[number] = golden_.tokens("prompt", number);
        StepPlan plan;
        plan.admissions.push_back({.slot = slot, .pixels = pixels_[number].get(), .prompt = prompts_[number]}
        );
        plan.choices.push_back(choice);
        return plan;
    }

    // What the engine's greedy search does, with `joins[i]` the step in which picture i is admitted.
    std::vector<std::vector<TokenId>> caption(const std::vector<int>& joins) {
        std::vector<std::vector<TokenId>> said(joins.size());
        std::vector<std::vector<TokenId>> wanted;
        for (int i = 0; i < static_cast<int>(joins.size()); ++i)
            wanted.push_back(golden_.tokens("greedy", i));
        for (int step = 0; said != wanted && step < 100; ++step) {
            StepPlan plan;
            std::vector<std::size_t> order;
            for (std::size_t i = 0; i < joins.size(); ++i) {
                if (joins[i] != step) continue;
                const StepPlan one = admission(SlotId{static_cast<int>(i)}, static_cast<int>(i));
                plan.admissions.push_back(one.admissions.front());
                plan.choices.emplace_back();
                order.push_back(i);
            }
            for (std::size_t i = 0; i < joins.size(); ++i) {
                if (joins[i] >= step || said[i].size() >= wanted[i].size()) continue;
                const int length = static_cast<int>(prompts_[static_cast<int>(i)].size());
                plan.decode.push_back(
                    {.slot = SlotId{static_cast<int>(i)},
                     .token = said[i].back(),
                     .position = length + static_cast<int>(said[i].size()) - 1,
                     .score = 0}
                );
                plan.choices.emplace_back();
                order.push_back(i);
            }
            const auto result = model_->step(plan);
            if (!result) ADD_FAILURE() << result.error().message;
            if (!result) break;
            for (std::size_t i = 0; i < order.size(); ++i)
                said[order[i]].push_back(first_of(result, i).token);
        }
        return said;
    }

    void expect_golden(const std::vector<int>& joins) {
        const auto said = caption(joins);
        for (int i = 0; i < static_cast<int>(said.size()); ++i)
            EXPECT_EQ(said[static_cast<std::size_t>(i)], golden_.tokens("greedy", i)) << "picture " << i;
    }

    static std::unique_ptr<Model> model_;
    Golden golden_;
    std::map<int, std::unique_ptr<Pixels>> pixels_;
    std::map<int, std::vector<TokenId>> prompts_;
};

std::unique_ptr<Model> TorchModelTest::model_;

TEST_F(TorchModelTest, ShapeIsTheManifests) {
    EXPECT_EQ(model_->shape().slots, 8);
    EXPECT_EQ(model_->shape().positions, golden_manifest().cache.positions);
    EXPECT_EQ(model_->shape().vocabulary, golden_manifest().info.text.vocabulary);
    EXPECT_EQ(model_->device(), "cpu");
}

TEST_F(TorchModelTest, SaysWhatTheReferenceSaysAllTogether) {
    expect_golden(std::vector<int>(static_cast<std::size_t>(golden_.pictures()), 0));
}

TEST_F(TorchModelTest, SaysWhatTheReferenceSaysWhoeverJoinsWhenever) {
    std::vector<int> joins;
    for (int i = 0; i < golden_.pictures(); ++i) joins.push_back(i * 2);
    expect_golden(joins);
}

TEST_F(TorchModelTest, TheFirstStepOfABeamSearchHasTheReferencesCandidates) {
    for (int number = 0; number < golden_.pictures(); ++number) {
        const auto tokens = golden_.tokens("beam_tokens", number);
        const auto scores = golden_.floats("beam_scores", number);
        const Choice choice{.rows = 1, .candidates = static_cast<int>(tokens.size()), .forbidden = {}};
        const auto result = model_->step(admission(SlotId{0}, number, choice));
        const auto& best = result.value().candidates.at(0);
        ASSERT_EQ(best.size(), tokens.size());
        for (std::size_t i = 0; i < best.size(); ++i) {
            EXPECT_EQ(best[i].token, tokens[i]);
            EXPECT_NEAR(best[i].score, scores[i], 1e-5);
            EXPECT_EQ(best[i].row, 0);
        }
        EXPECT_GT(result->vision.count(), 0);
        EXPECT_GT(result->prefill.count(), 0);
    }
}

// Rows of a beam search that continue alike must be alike wherever their slot came from.
TEST_F(TorchModelTest, ACopiedSlotGoesOnLikeItsOriginal) {
    const Candidate first = first_of(model_->step(admission(SlotId{2}, 0)), 0);
    const int length = static_cast<int>(prompts_[0].size());
    StepPlan plan;
    plan.copies = {
        {.from = SlotId{2}, .to = SlotId{5}, .length = length},
        {.from = SlotId{2}, .to = SlotId{7}, .length = length}
    };
    for (const int slot : {2, 5, 7}) {
        plan.decode.push_back({.slot = SlotId{slot}, .token = first.token, .position = length, .score = 0});
        plan.choices.emplace_back();
    }
    const auto result = model_->step(plan);
    for (std::size_t i = 0; i < 3; ++i)
        EXPECT_EQ(first_of(result, i).token, golden_.tokens("greedy", 0).at(1));
}

TEST_F(TorchModelTest, CopiesReadBeforeAnyWrites) {
    std::vector<TokenId> first(2);
    for (const int number : {0, 1})
        first[static_cast<std::size_t>(number)] =
            first_of(model_->step(admission(SlotId{number}, number)), 0).token;
    const int longest = static_cast<int>(std::max(prompts_[0].size(), prompts_[1].size()));
    StepPlan plan;  // the two change places
    plan.copies = {
        {.from = SlotId{0}, .to = SlotId{1}, .length = longest},
        {.from = SlotId{1}, .to = SlotId{0}, .length = longest}
    };
    for (const int number : {0, 1}) {
        plan.decode.push_back(
            {.slot = SlotId{1 - number},
             .token = first[static_cast<std::size_t>(number)],
             .position = static_cast<int>(prompts_[number].size()),
             .score = 0}
        );
        plan.choices.emplace_back();
    }
    const auto result = model_->step(plan);
    for (const int number : {0, 1}) {
        const auto said = first_of(result, static_cast<std::size_t>(number));
        EXPECT_EQ(said.token, golden_.tokens("greedy", number).at(1));
    }
}

TEST_F(TorchModelTest, AForbiddenFirstTokenIsNotSaid) {
    const std::vector forbidden{golden_.tokens("greedy", 0).at(0)};
    const auto result =
        model_->step(admission(SlotId{0}, 0, {.rows = 1, .candidates = 1, .forbidden = forbidden}));
    EXPECT_NE(first_of(result, 0).token, forbidden.front());
}

TEST_F(TorchModelTest, APromptWithThePicturesOwnTokenIsRefused) {
    StepPlan plan = admission(SlotId{0}, 0);
    std::vector<TokenId> prompt = prompts_[0];
    prompt.push_back(golden_manifest().info.text.image_token);
    plan.admissions[0].prompt = prompt;
    EXPECT_EQ(model_->step(plan).error().code, ErrorCode::invalid_input);
    prompt.back() = TokenId{1'000'000};
    plan.admissions[0].prompt = prompt;
    EXPECT_EQ(model_->step(plan).error().code, ErrorCode::bundle_invalid);
}

TEST_F(TorchModelTest, APictureThatSpoilsTheNumbersFailsAloneAndLeavesItsSlotClean) {
    const Size size = golden_manifest().info.pixels.size;
    const TorchPixels spoiled(
        at::full({1, 3, size.height, size.width}, std::numeric_limits<float>::quiet_NaN())
    );
    StepPlan plan = admission(SlotId{0}, 3);
    plan.admissions[0].pixels = &spoiled;
    EXPECT_EQ(model_->step(plan).error().code, ErrorCode::model_failed);
    expect_golden({0, 0});
}

TEST_F(TorchModelTest, AnEmptyPlanIsDoneAtOnce) { EXPECT_TRUE(model_->step({}).value().candidates.empty()); }

TEST_F(TorchModelTest, UnusableOptionsAreNamed) {
    const Manifest manifest = golden_manifest();
    const auto code = [&](const ModelOptions& options) {
        return TorchModel::open(golden_bundle(), manifest, options).error().code;
    };
    EXPECT_EQ(code({.device = "tpu", .slots = 0, .threads = 0}), ErrorCode::usage);
    EXPECT_EQ(code({.device = "cpu", .slots = -1, .threads = 0}), ErrorCode::usage);
    EXPECT_EQ(code({.device = "cpu", .slots = 1'000'000, .threads = 0}), ErrorCode::usage);
}

TEST_F(TorchModelTest, ByDefaultABeamSearchHasRoom) {
    const auto model = open({.device = "cpu", .slots = 0, .threads = 0});
    EXPECT_GE(model->shape().slots, golden_manifest().info.generation.num_beams_limit);
}

class BrokenBundleTest : public testing::Test {
protected:
    BrokenBundleTest() : manifest_(golden_manifest()) {
        std::filesystem::copy(golden_bundle(), folder_.path(), std::filesystem::copy_options::recursive);
        manifest_.weights.folder =
            std::filesystem::absolute(golden_bundle() / manifest_.weights.folder).lexically_normal();
    }

    Error error() const {
        return TorchModel::open(folder_.path(), manifest_, {.device = "cpu", .slots = 4, .threads = 1})
            .error();
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

TEST_F(BrokenBundleTest, ACacheOfAnotherShapeIsFoundOutBeforeTheFirstPicture) {
    manifest_.cache.heads += 1;
    EXPECT_EQ(error().code, ErrorCode::bundle_invalid);
}

TEST_F(BrokenBundleTest, AVocabularyOfAnotherSizeIsFoundOutBeforeTheFirstPicture) {
    manifest_.info.text.vocabulary -= 1;
    EXPECT_EQ(error().code, ErrorCode::bundle_invalid);
}

TEST_F(BrokenBundleTest, MissingWeightsAreNamed) {
    manifest_.weights.files.at(0).file = "none.safetensors";
    EXPECT_EQ(error().code, ErrorCode::weights_invalid);
    EXPECT_NE(error().message.find("none.safetensors"), std::string::npos);
}

}  // namespace
}  // namespace vignette
