// Films beside pictures: groups of frames go another way through the program, and into the same prompts.
#include <gtest/gtest.h>

#include <random>

#include "model/golden_captioner.h"
#include "model/pixels/preprocess.h"

namespace vignette {
namespace {

class FilmTest : public ::testing::TestWithParam<const char*> {
protected:
    using Groups = std::vector<std::unique_ptr<ModelInput>>;

    FilmTest() : captioner_(GetParam()) {}

    // Three frames, of which the second group has one where a group has two.
    Groups film() {
        std::mt19937 random(19);
        std::vector<Image> frames(3, Image{.size = {60, 44}, .rgb = Samples(60 * 44 * 3)});
        for (Image& frame : frames)
            for (std::uint8_t& byte : frame.rgb) byte = static_cast<std::uint8_t>(random());
        std::vector<double> begins;
        for (int first = 0; first < 3; first += of_group())
            begins.push_back(static_cast<double>(begins.size()));
        return captioner_.model().preprocess_film(frames, begins, {}).value();
    }

    int of_group() const { return captioner_.manifest().info.film->frames; }

    std::vector<TokenId> prompt_of(const Groups& film) const {
        const TokenId word = captioner_.golden().tokens("prompt.0").back();
        std::vector<TokenId> prompt{word};
        for (const auto& group : film) {
            const TokenId place = captioner_.manifest().info.film->token;
            prompt.insert(prompt.end(), static_cast<std::size_t>(group->tokens()), place);
            prompt.push_back(word);
        }
        return prompt;
    }

    static std::vector<const ModelInput*> views(const Groups& film) {
        std::vector<const ModelInput*> all;
        for (const auto& group : film) all.push_back(group.get());
        return all;
    }

    GoldenCaptioner captioner_;
};

TEST_P(FilmTest, ItsGroupsAreOfWholeFrames) {
    const Groups groups = film();
    for (const auto& group : groups) EXPECT_EQ(dynamic_cast<const TorchInput&>(*group).frames(), of_group());
    if (of_group() == 1) {
        EXPECT_EQ(groups.size(), 3U);
        return;
    }
    ASSERT_EQ(groups.size(), 2U);
    const auto& last = dynamic_cast<const TorchInput&>(*groups.back());
    EXPECT_EQ(last.tick(), captioner_.manifest().info.film->ticks_per_second) << "of a second";
    const at::Tensor shown = last.values()[0];
    EXPECT_TRUE(shown[0].equal(shown[1])) << "its only frame is shown again";
    const auto& first = dynamic_cast<const TorchInput&>(*groups.front());
    EXPECT_FALSE(first.values()[0][0].equal(first.values()[0][1]));
}

TEST_P(FilmTest, APictureBesideItChangesNothing) {
    const Groups alone = film();
    const Groups beside = film();
    const std::vector<TokenId> prompt = prompt_of(alone);
    const auto alone_views = views(alone);
    const auto beside_views = views(beside);
    const Choice three{.rows = 1, .candidates = 3};
    StepPlan plan;
    plan.admissions.push_back({.slot = SlotId{0}, .pictures = alone_views, .prompt = prompt});
    plan.choices.push_back(three);
    const StepResult first = captioner_.model().step(plan).value();

    StepPlan mixed = captioner_.admission(SlotId{1}, 0);
    mixed.admissions.push_back({.slot = SlotId{2}, .pictures = beside_views, .prompt = prompt});
    mixed.choices.push_back(three);
    const auto second = captioner_.model().step(mixed);
    EXPECT_EQ(first_of(second, 0).token, captioner_.greedy(0).front());
    for (std::size_t i = 0; i < 3; ++i)
        EXPECT_EQ(second.value().candidates[1][i].token, first.candidates[0][i].token) << i;
}

TEST_P(FilmTest, APromptWithoutPlacesForAllOfItIsRefused) {
    const Groups groups = film();
    const auto all = views(groups);
    std::vector<TokenId> prompt = prompt_of(groups);
    prompt.erase(prompt.begin() + 1);
    StepPlan plan;
    plan.admissions.push_back({.slot = SlotId{0}, .pictures = all, .prompt = prompt});
    plan.choices.emplace_back();
    EXPECT_EQ(captioner_.model().step(plan).error().code, ErrorCode::invalid_input);
}

INSTANTIATE_TEST_SUITE_P(
    Families, FilmTest, ::testing::Values("llava_next_video", "video_llava", "qwen2_5_vl", "qwen3_vl")
);

}  // namespace
}  // namespace vignette
