// Many questions about one picture: how often it is decoded and looked at.
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "caption/captioner_fixture.h"
#include "caption/inference_service.h"
#include "fakes/fake_embedder.h"

namespace vignette {
namespace {

class VisionSharingTest : public CaptionerFixture {
protected:
    VisionSharingTest() {
        config_.bundle = "bundles/words";
        config_.embedder = "bundles/vectors";
        config_.limits.vision_cache_bytes_max = 10'000;
        vectors_.name = "vectors";
        vectors_.kind = BundleKind::embedder;
        vectors_.text = {.prompt_template = "{prompt}", .vocabulary = 400, .tokens_max = 4};
        service_ = InferenceService::open(config_, [this](const std::filesystem::path& bundle) {
                       return load(bundle);
                   }).value();
    }
    ~VisionSharingTest() override { words_->gate.open(); }

    Result<std::shared_ptr<OpenedModel>> load(const std::filesystem::path& bundle) {
        if (bundle.filename() == "vectors")
            return std::make_shared<EmbeddingModel>(
                std::make_unique<FakeEmbedder>(), vectors_, tokenizer(), config_.limits
            );
        auto model = std::make_unique<ListeningModel>();
        model->says = {word("two")};
        words_ = model.get();
        return std::make_shared<CaptionModel>(std::move(model), bundle_, tokenizer(), config_.limits);
    }

    static Job question(std::string prompt) {
        CaptionOptions options;
        options.prompt = std::move(prompt);
        Job job = job_of(std::move(options));
        job.warnings.clear();
        return job;
    }
    Result<Caption> asked(Job job, std::stop_token stop = {}) {
        return service_->caption(std::move(job), std::move(stop), {});
    }
    std::future<Result<Caption>> asked_meanwhile(Job job, std::stop_token stop = {}) {
        return std::async(std::launch::async, [this, one = std::move(job), stop]() mutable {
            return asked(std::move(one), stop);
        });
    }

    CaptionerConfig config_;
    BundleInfo vectors_;
    ListeningModel* words_ = nullptr;
    std::unique_ptr<Captioner> service_;
};

TEST_F(VisionSharingTest, WithOtherTokensAPictureIsLookedAtAnew) {
    ASSERT_TRUE(asked(question("two")));
    EXPECT_EQ(words_->wished, 0);
    Job coarse = question("two");
    coarse.options.picture_tokens = 64;
    const auto second = asked(coarse);
    ASSERT_TRUE(second);
    EXPECT_FALSE(second->vision_cached);
    EXPECT_EQ(words_->wished, 64);
    const auto third = asked(coarse);
    ASSERT_TRUE(third);
    EXPECT_TRUE(third->vision_cached);
    EXPECT_EQ(words_->looks, 2);
}

TEST_F(VisionSharingTest, AFurtherQuestionAboutAPictureNeedsNeitherDecodingNorVision) {
    const auto first = asked(question("two"));
    const auto second = asked(question("cat"));
    ASSERT_TRUE(first && second);
    EXPECT_FALSE(first->vision_cached);
    EXPECT_TRUE(second->vision_cached);
    EXPECT_FALSE(second->cached) << "the words are new";
    EXPECT_EQ(second->text, first->text);
    EXPECT_EQ(second->images, first->images);
    EXPECT_EQ(second->timings.decode.count(), 0);
    EXPECT_EQ(words_->looks, 1);
    EXPECT_EQ(words_->preprocessed, 1);
    EXPECT_EQ(words_->heard.back(), word("cat"));
}

TEST_F(VisionSharingTest, WhateverDecidesThePixelsOrForWhomTheyAreIsSeenApart) {
    ASSERT_TRUE(asked(question("two")));
    Job of_another = question("two");
    of_another.tenant = "another";
    EXPECT_FALSE(asked(std::move(of_another))->vision_cached);
    Job fast = question("two");
    fast.fast = true;
    EXPECT_FALSE(asked(std::move(fast))->vision_cached);
    Job anew = question("two");
    anew.use_cache = false;
    EXPECT_FALSE(asked(std::move(anew))->vision_cached);
    Bytes longer = picture();
    longer.push_back(std::byte{0});
    EXPECT_FALSE(asked(job_of({}, longer))->vision_cached);
    EXPECT_EQ(words_->looks, 5);
    EXPECT_TRUE(asked(question("two"))->vision_cached);
}

TEST_F(VisionSharingTest, QuestionsThatArriveTogetherShareOneLook) {
    words_->gate.shut();
    std::vector<std::future<Result<Caption>>> answers;
    for (int i = 0; i < 8; ++i) answers.push_back(asked_meanwhile(question("two")));
    words_->gate.open();
    int brought = 0;
    for (auto& answer : answers) {
        const Result<Caption> made = answer.get();
        ASSERT_TRUE(made) << made.error().message;
        brought += made->vision_cached ? 0 : 1;
    }
    EXPECT_EQ(words_->looks, 1);
    EXPECT_EQ(brought, 1);
}

TEST_F(VisionSharingTest, WhoSharesALookIsNotHarmedIfTheFirstIsCancelled) {
    words_->gate.shut();
    std::stop_source leaving;
    auto first = asked_meanwhile(question("two"), leaving.get_token());
    words_->gate.await();  // its look has begun
    auto second = asked_meanwhile(question("cat"));
    leaving.request_stop();
    words_->gate.open();
    EXPECT_EQ(first.get().error().code, ErrorCode::cancelled);
    const auto made = second.get();
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(words_->looks, 1);
}

TEST_F(VisionSharingTest, WhatAJobFailedWithIsLookedAtAnew) {
    words_->fails = true;
    EXPECT_FALSE(asked(question("two")));
    const auto again = asked(question("two"));
    ASSERT_TRUE(again);
    EXPECT_FALSE(again->vision_cached);
    EXPECT_EQ(words_->looks, 2);
}

TEST_F(VisionSharingTest, SamplesOfOneJobShareOneLookWithoutACache) {
    Job job = question("two");
    job.options.n = 3;
    job.options.temperature = 1;
    job.use_cache = false;
    const auto made = asked(std::move(job));
    ASSERT_TRUE(made);
    EXPECT_EQ(made->alternatives.size(), 3U);
    EXPECT_EQ(words_->looks, 1);
}

TEST_F(VisionSharingTest, AVectorIsMadeOfTheWholePictureEvenWhereItsWordsNeedNone) {
    ASSERT_TRUE(asked(question("two")));
    Job both = question("cat");
    both.task = Task::embed_and_caption;
    const auto made = asked(std::move(both));
    ASSERT_TRUE(made);
    EXPECT_TRUE(made->vision_cached);
    EXPECT_EQ(made->embedding->values, (Vector{1.0F, 192.0F}));
    EXPECT_EQ(made->images.size(), 1U);
    EXPECT_EQ(words_->looks, 1);
}

}  // namespace
}  // namespace vignette
