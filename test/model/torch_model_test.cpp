// Against tiny random models whose every answer is known from the reference (make_fixtures.py).
#include "model/torch_model.h"

#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <limits>

#include "fakes/scratch_folder.h"
#include "model/golden.h"
#include "model/golden_captioner.h"
#include "model/pixels/preprocess.h"

namespace vignette {
namespace {

class FamilyTest : public testing::TestWithParam<const char*> {
protected:
    FamilyTest() : captioner_(GetParam()) {}

    GoldenCaptioner captioner_;
};

TEST_P(FamilyTest, ShapeIsTheManifests) {
    const ModelShape shape = captioner_.model().shape();
    EXPECT_EQ(shape.slots, 8);
    EXPECT_EQ(shape.positions, captioner_.manifest().cache.positions);
    EXPECT_EQ(shape.vocabulary, captioner_.manifest().info.text.vocabulary);
    EXPECT_EQ(captioner_.model().device(), "cpu");
}

TEST_P(FamilyTest, SaysWhatTheReferenceSaysAllTogether) {
    ASSERT_GT(captioner_.requests(), 1);
    captioner_.expect_golden(std::vector<int>(static_cast<std::size_t>(captioner_.requests()), 0));
}

TEST_P(FamilyTest, SaysWhatTheReferenceSaysWhoeverJoinsWhenever) {
    std::vector<int> joins;
    for (int i = 0; i < captioner_.requests(); ++i) joins.push_back(i * 2);
    captioner_.expect_golden(joins);
}

TEST_P(FamilyTest, SaysTheSameOfPicturesItHasSeenBeforeWithoutLookingAgain) {
    for (int round = 0; round < 2; ++round) {
        for (int number = 0; number < captioner_.requests(); ++number) {
            const auto result = captioner_.model().step(captioner_.admission(SlotId{1}, number));
            EXPECT_EQ(first_of(result, 0).token, captioner_.greedy(number).at(0));
            EXPECT_EQ(result->vision.count() == 0, round == 1);
        }
    }
    captioner_.expect_golden(std::vector<int>(static_cast<std::size_t>(captioner_.requests()), 0));
}

TEST_P(FamilyTest, ASeenPictureHoldsItsFeaturesAndNothingElse) {
    StepPlan plan;
    for (int number = 0; number < 2; ++number) {
        plan.admissions.push_back(captioner_.admission(SlotId{number}, number).admissions.front());
        plan.choices.emplace_back();
    }
    ASSERT_TRUE(captioner_.model().step(plan));
    for (const Admission& one : plan.admissions) {
        for (const ModelInput* picture : one.pictures) {
            const auto& seen = dynamic_cast<const TorchInput&>(*picture);
            EXPECT_FALSE(seen.values().defined());
            EXPECT_EQ(seen.features().size(0), seen.tokens());
            EXPECT_EQ(seen.bytes(), seen.features().storage().nbytes()) << "not a view of a whole batch's";
        }
    }
}

TEST_P(FamilyTest, APromptThatWasReadBeforeIsNotReadAgainAndIsAnsweredTheSame) {
    const int number = captioner_.that_go_on().at(0);
    const auto ask = [&](int slot, const Choice& choice = {}) {
        StepPlan plan = captioner_.admission(SlotId{slot}, number, choice);
        plan.admissions[0].may_recur = true;
        return captioner_.model().step(plan);
    };
    const std::vector forbidden{captioner_.greedy(number).at(0)};
    const auto first = ask(0, {.rows = 1, .candidates = 1, .forbidden = forbidden});
    EXPECT_GT(first->prefill.count(), 0);
    captioner_.expect_golden(std::vector<int>(static_cast<std::size_t>(captioner_.requests()), 0)
    );  // others in its slot, and its neighbours'
    for (const int slot : {1, 0, 3}) {
        const auto again = ask(slot);
        EXPECT_EQ(again->prefill.count() + again->vision.count(), 0);
        EXPECT_EQ(first_of(again, 0).token, captioner_.greedy(number).at(0)) << "not what was forbidden then";
        StepPlan next;
        next.decode.push_back(captioner_.row(SlotId{slot}, number, first_of(again, 0).token, 1));
        next.choices.emplace_back();
        EXPECT_EQ(first_of(captioner_.model().step(next), 0).token, captioner_.greedy(number).at(1));
    }
    EXPECT_GT(captioner_.model().step(captioner_.admission(SlotId{2}, number))->prefill.count(), 0)
        << "who may not recur is read anew";
}

TEST_P(FamilyTest, ManyQuestionsAboutOnePictureAreAnsweredAsIfEachHadBroughtIt) {
    const int number = captioner_.that_go_on().at(0);
    StepPlan plan;
    for (int slot = 0; slot < 4; ++slot) {
        plan.admissions.push_back(captioner_.admission(SlotId{slot}, number).admissions.front());
        plan.choices.emplace_back();
    }
    const auto result = captioner_.model().step(plan);
    StepPlan next;
    for (int slot = 0; slot < 4; ++slot) {
        const Candidate& said = first_of(result, static_cast<std::size_t>(slot));
        EXPECT_EQ(said.token, captioner_.greedy(number).at(0));
        next.decode.push_back(captioner_.row(SlotId{slot}, number, said.token, 1));
        next.choices.emplace_back();
    }
    const auto second = captioner_.model().step(next);
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(first_of(second, i).token, captioner_.greedy(number).at(1));
}

// Rows of a beam search that continue alike must be alike wherever their slot came from.
TEST_P(FamilyTest, ACopiedSlotGoesOnLikeItsOriginal) {
    const int number = captioner_.that_go_on().at(0);
    const auto started = captioner_.model().step(captioner_.admission(SlotId{2}, number));
    const int length = captioner_.prompt_length(number);
    StepPlan plan;
    plan.copies = {
        {.from = SlotId{2}, .to = SlotId{5}, .length = length},
        {.from = SlotId{2}, .to = SlotId{7}, .length = length}
    };
    for (const int slot : {2, 5, 7}) {
        plan.decode.push_back(captioner_.row(SlotId{slot}, number, first_of(started, 0).token, 1));
        plan.choices.emplace_back();
    }
    const auto result = captioner_.model().step(plan);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(first_of(result, i).token, captioner_.greedy(number).at(1));
}

TEST_P(FamilyTest, CopiesReadBeforeAnyWrites) {
    const std::vector<int> all = captioner_.that_go_on();
    const std::array numbers{all.at(0), all.at(1)};
    std::array<TokenId, 2> first{};
    int longest = 0;
    for (const std::size_t i : {0U, 1U}) {
        const SlotId slot{static_cast<int>(i)};
        first[i] = first_of(captioner_.model().step(captioner_.admission(slot, numbers[i])), 0).token;
        longest = std::max(longest, captioner_.prompt_length(numbers[i]));
    }
    StepPlan plan;  // the two change places
    plan.copies = {
        {.from = SlotId{0}, .to = SlotId{1}, .length = longest},
        {.from = SlotId{1}, .to = SlotId{0}, .length = longest}
    };
    for (const std::size_t i : {0U, 1U}) {
        plan.decode.push_back(captioner_.row(SlotId{i == 0 ? 1 : 0}, numbers[i], first[i], 1));
        plan.choices.emplace_back();
    }
    const auto result = captioner_.model().step(plan);
    for (const std::size_t i : {0U, 1U})
        EXPECT_EQ(first_of(result, i).token, captioner_.greedy(numbers[i]).at(1));
}

INSTANTIATE_TEST_SUITE_P(Families, FamilyTest, testing::ValuesIn(captioner_families), [](const auto& family) {
    std::string name = family.param;
    std::ranges::replace(name, '-', '_');
    return name;
});

// One model for all: opening costs more than the tests.
class TorchModelTest : public testing::Test {
protected:
    static void SetUpTestSuite() { captioner_ = std::make_unique<GoldenCaptioner>("blip2-opt"); }
    static void TearDownTestSuite() { captioner_.reset(); }

    static Model& model() { return captioner_->model(); }

    static std::unique_ptr<GoldenCaptioner> captioner_;
};

std::unique_ptr<GoldenCaptioner> TorchModelTest::captioner_;

TEST_F(TorchModelTest, TheFirstStepOfABeamSearchHasTheReferencesCandidates) {
    for (int number = 0; number < captioner_->requests(); ++number) {
        const auto tokens = captioner_->golden().tokens("beam_tokens." + std::to_string(number));
        const auto scores = captioner_->golden().floats("beam_scores." + std::to_string(number));
        const double near = rounding(captioner_->golden().floats("beam_logits." + std::to_string(number)));
        const Choice choice{.rows = 1, .candidates = static_cast<int>(tokens.size()), .forbidden = {}};
        const auto result = model().step(captioner_->admission(SlotId{0}, number, choice));
        const auto& best = result.value().candidates.at(0);
        ASSERT_EQ(best.size(), tokens.size());
        for (std::size_t i = 0; i < best.size(); ++i) {
            EXPECT_EQ(best[i].token, tokens[i]);
            EXPECT_NEAR(best[i].score, scores[i], near);
            EXPECT_EQ(best[i].row, 0);
        }
        EXPECT_GT(result->prefill.count(), 0);
    }
}

TEST_F(TorchModelTest, AForbiddenFirstTokenIsNotSaid) {
    const std::vector forbidden{captioner_->greedy(0).at(0)};
    const auto result =
        model().step(captioner_->admission(SlotId{0}, 0, {.rows = 1, .candidates = 1, .forbidden = forbidden})
        );
    EXPECT_NE(first_of(result, 0).token, forbidden.front());
}

TEST_F(TorchModelTest, APromptWithThePicturesOwnTokenIsRefused) {
    StepPlan plan = captioner_->admission(SlotId{0}, 0);
    std::vector<TokenId> prompt(plan.admissions[0].prompt.begin(), plan.admissions[0].prompt.end());
    prompt.push_back(captioner_->manifest().info.text.image_token);
    plan.admissions[0].prompt = prompt;
    EXPECT_EQ(model().step(plan).error().code, ErrorCode::invalid_input);
    prompt.back() = TokenId{1'000'000};
    plan.admissions[0].prompt = prompt;
    EXPECT_EQ(model().step(plan).error().code, ErrorCode::bundle_invalid);
}

// One picture more than the prompt has places for.
TEST_F(TorchModelTest, PicturesWithoutPlacesInThePromptAreRefused) {
    StepPlan plan = captioner_->admission(SlotId{0}, 0);
    const std::vector<const ModelInput*> twice(2, plan.admissions[0].pictures[0]);
    plan.admissions[0].pictures = twice;
    EXPECT_EQ(model().step(plan).error().code, ErrorCode::invalid_input);
}

TEST_F(TorchModelTest, APictureThatSpoilsTheNumbersFailsAloneAndLeavesItsSlotClean) {
    const Size size = captioner_->manifest().info.pixels.size;
    const TorchInput spoiled(
        at::full({1, 3, size.height, size.width}, std::numeric_limits<float>::quiet_NaN()), size,
        captioner_->manifest().info.text.image_tokens
    );
    const std::vector<const ModelInput*> pictures{&spoiled};
    StepPlan plan = captioner_->admission(SlotId{0}, 3);
    plan.admissions[0].pictures = pictures;
    EXPECT_EQ(model().step(plan).error().code, ErrorCode::model_failed);
    captioner_->expect_golden({0, 0});
}

TEST_F(TorchModelTest, AnEmptyPlanIsDoneAtOnce) { EXPECT_TRUE(model().step({}).value().candidates.empty()); }

TEST_F(TorchModelTest, UnusableOptionsAreNamed) {
    const auto code = [&](const ModelOptions& options) {
        return TorchModel::open(golden_bundle(), captioner_->manifest(), options).error().code;
    };
    EXPECT_EQ(code({.device = "tpu", .slots = 0, .threads = 0}), ErrorCode::usage);
    EXPECT_EQ(code({.device = "cpu", .slots = -1, .threads = 0}), ErrorCode::usage);
    EXPECT_EQ(code({.device = "cpu", .slots = 1'000'000, .threads = 0}), ErrorCode::usage);
}

TEST_F(TorchModelTest, ByDefaultABeamSearchHasRoom) {
    EXPECT_GE(
        GoldenCaptioner("blip2-opt", 0).model().shape().slots,
        captioner_->manifest().info.generation.num_beams_limit
    );
}

// More tiles than go through the vision model together, and more tokens than are read together.
TEST(TorchModel, ManyPicturesAtOnceAreSeenAndReadInParts) {
    constexpr int many = 96;
    GoldenCaptioner captioner("llava-next", many);
    StepPlan together;
    std::int64_t tiles = 0;
    std::size_t tokens = 0;
    for (int i = 0; i < many; ++i) {
        const Admission one = captioner.admission(SlotId{i}, i).admissions.front();
        for (const ModelInput* picture : one.pictures)
            tiles += dynamic_cast<const TorchInput*>(picture)->tiles();
        tokens = std::max(tokens, one.prompt.size());
        together.admissions.push_back(one);
        together.choices.emplace_back();
    }
    ASSERT_GT(tiles, 64);
    ASSERT_GT(tokens * many, 8192U);
    const auto result = captioner.model().step(together);
    for (int i = 0; i < many; ++i) {
        const TokenId expected = captioner.greedy(i % captioner.requests()).front();
        EXPECT_EQ(first_of(result, static_cast<std::size_t>(i)).token, expected) << i;
    }
}

// Opening is a warm-up of every method.
TEST(TorchModel, EveryFamilyRunsInBfloat16) {
    for (const char* family : captioner_families) {
        Manifest manifest = golden_manifest(family);
        manifest.info.dtype = Dtype::bfloat16;
        const auto opened =
            TorchModel::open(golden_bundle(family), manifest, {.device = "cpu", .slots = 2, .threads = 1});
        EXPECT_TRUE(opened) << family << ": " << opened.error().message;
    }
}

}  // namespace
}  // namespace vignette
