// How newcomers join: their pictures looked at by another thread, and long prompts read in parts.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "engine/engine.h"
#include "model/golden_captioner.h"
#include "model/pixels/preprocess.h"

namespace vignette {
namespace {

using Pictures = std::vector<std::shared_ptr<const ModelInput>>;

Pictures fresh_pictures(GoldenCaptioner& captioner, int number) {
    Pictures made;
    const std::string name = "image." + std::to_string(number);
    for (int i = 0; i < captioner.golden().numbered(name); ++i) {
        const Image image = captioner.golden().image(name + "." + std::to_string(i));
        made.push_back(captioner.model().preprocess(image, {}).value());
    }
    return made;
}

GenerationRequest greedy_request(GoldenCaptioner& captioner, int number) {
    return {
        .pictures = fresh_pictures(captioner, number),
        .prompt = captioner.golden().tokens("prompt." + std::to_string(number)),
        .rules =
            {.max_length = static_cast<int>(captioner.greedy(number).size()),
             .end = captioner.manifest().info.text.end}
    };
}

class Joins : public testing::TestWithParam<const char*> {
protected:
    GoldenCaptioner captioner_{GetParam()};
};

TEST_P(Joins, WhatWasSeenAheadIsNotSeenAgain) {
    const int number = captioner_.that_go_on().at(0);
    const Pictures pictures = fresh_pictures(captioner_, number);
    EXPECT_GT(captioner_.model().see(pictures)->count(), 0);
    EXPECT_EQ(captioner_.model().see(pictures)->count(), 0);
    StepPlan plan = captioner_.admission(SlotId{0}, number);
    std::vector<const ModelInput*> views;
    for (const auto& one : pictures) views.push_back(one.get());
    plan.admissions[0].pictures = views;
    const auto result = captioner_.model().step(plan);
    EXPECT_EQ(result->vision.count(), 0);
    EXPECT_EQ(first_of(result, 0).token, captioner_.greedy(number).at(0));
}

TEST_P(Joins, CaptionsAreTheSameWhileAnotherThreadLooksAtPictures) {
    std::atomic<bool> over = false;
    std::jthread viewer([&] {
        for (int number = 0; !over; number = (number + 1) % captioner_.requests())
            EXPECT_GT(captioner_.model().see(fresh_pictures(captioner_, number))->count(), 0);
    });
    std::vector<int> joins;
    for (int i = 0; i < captioner_.requests(); ++i) joins.push_back(i * 2);
    for (int round = 0; round < 5; ++round) captioner_.expect_golden(joins);
    over = true;
}

// Through the engine: pictures that come while others run are seen by its second thread.
TEST_P(Joins, TheEngineSaysWhatTheReferenceSaysWhoeverComesWhen) {
    Engine engine(captioner_.model(), {});
    std::vector<std::jthread> clients;
    for (int client = 0; client < 4; ++client) {
        clients.emplace_back([&, client] {
            for (int i = 0; i < 2 * captioner_.requests(); ++i) {
                const int number = (i + client) % captioner_.requests();
                const Result<Generation> said = engine.generate(greedy_request(captioner_, number));
                ASSERT_TRUE(said) << said.error().message;
                EXPECT_EQ(said->decoded.front().tokens, captioner_.greedy(number));
                EXPECT_GT(said->vision.count(), 0) << "by whomever";
                EXPECT_GE(said->queue.count(), 0);
            }
        });
    }
}

INSTANTIATE_TEST_SUITE_P(Families, Joins, testing::ValuesIn(captioner_families), [](const auto& family) {
    std::string name = family.param;
    std::ranges::replace(name, '-', '_');
    return name;
});

class Parts : public testing::TestWithParam<const char*> {
protected:
    // Reads all but the rest of a prompt in parts of random length; how much that was.
    int read_parts(SlotId slot, int number) {
        const int length = captioner_.prompt_length(number);
        int read = 0;
        for (int left = 1 + below(4); left > 0 && read < length - 1; --left) {
            const int count = 1 + below(length - 1 - read);
            StepPlan plan;
            plan.parts.push_back(
                {.whole = captioner_.admission(slot, number).admissions.front(), .count = count}
            );
            plan.parts.front().whole.first = read;
            const auto result = captioner_.model().step(plan);
            EXPECT_TRUE(result && result->candidates.empty());
            read += count;
        }
        return read;
    }

    int below(int limit) { return std::uniform_int_distribution(0, limit - 1)(random_); }

    GoldenCaptioner captioner_{GetParam()};
    const unsigned seed_ = std::random_device{}();
    std::mt19937 random_{seed_};
    const Choice choice_{.logprobs = true};
};

TEST_P(Parts, TheFamiliesWithLongPromptsHaveThem) {
    EXPECT_TRUE(captioner_.model().shape().reads_in_parts);
    EXPECT_FALSE(GoldenCaptioner("blip2-opt").model().shape().reads_in_parts);
}

TEST_P(Parts, APromptReadInPartsIsAnsweredAsIfItWereReadAtOnce) {
    SCOPED_TRACE("seed " + std::to_string(seed_));
    for (int round = 0; round < 20; ++round) {
        const int number = below(captioner_.requests());
        const SlotId slot{below(8)};
        const Candidate whole =
            first_of(captioner_.model().step(captioner_.admission(slot, number, choice_)), 0);
        StepPlan rest = captioner_.admission(slot, number, choice_);
        rest.admissions.front().first = read_parts(slot, number);
        const Candidate found = first_of(captioner_.model().step(rest), 0);
        EXPECT_EQ(found.token, whole.token);
        EXPECT_NEAR(found.logprob, whole.logprob, 1e-4);
        const std::vector<TokenId> said = captioner_.greedy(number);
        for (std::size_t i = 1; i < said.size(); ++i) {
            StepPlan next;
            next.decode.push_back(captioner_.row(slot, number, said[i - 1], static_cast<int>(i)));
            next.choices.emplace_back();
            ASSERT_EQ(first_of(captioner_.model().step(next), 0).token, said[i]) << "word " << i;
        }
    }
}

TEST_P(Parts, WhoAsksTheSameAsOneThatWasReadInPartsGetsACopy) {
    const int number = captioner_.that_go_on().at(0);
    StepPlan plan = captioner_.admission(SlotId{3}, number, choice_);
    plan.admissions.front().first = read_parts(SlotId{3}, number);
    plan.admissions.push_back(captioner_.admission(SlotId{5}, number).admissions.front());
    plan.choices.push_back(choice_);
    const auto result = captioner_.model().step(plan);
    EXPECT_EQ(first_of(result, 0), first_of(result, 1));
    StepPlan next;
    next.decode.push_back(captioner_.row(SlotId{5}, number, captioner_.greedy(number).at(0), 1));
    next.choices.emplace_back();
    EXPECT_EQ(first_of(captioner_.model().step(next), 0).token, captioner_.greedy(number).at(1));
}

TEST_P(Parts, WhatWasReadOfAPromptAndGivenUpIsNobodysBusiness) {
    read_parts(SlotId{0}, 0);
    read_parts(SlotId{1}, 1);
    captioner_.expect_golden(std::vector<int>(static_cast<std::size_t>(captioner_.requests()), 0));
}

INSTANTIATE_TEST_SUITE_P(
    Families, Parts, testing::Values("llava-next", "qwen2_5_vl", "qwen3_vl"),
    [](const auto& family) {
        std::string name = family.param;
        std::ranges::replace(name, '-', '_');
        return name;
    }
);

}  // namespace
}  // namespace vignette
