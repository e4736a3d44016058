// What the clock and webhooks do with jobs. The fixture lets a client ask for shorter times than RunPod does.
#include <gtest/gtest.h>

#include <latch>

#include "store_fixture.h"

namespace vignette {
namespace {

using namespace std::chrono_literals;

using JobStoreTimes = StoreFixture;

std::string with_policy(const std::string& prompt, const std::string& policy) {
    return R"({"input":{"image":"QUJD","prompt":")" + prompt + R"("},"policy":{)" + policy + "}}";
}

TEST_F(JobStoreTimes, AJobThatTakesTooLongIsTimedOutAndMayBeTriedAgain) {
    open();
    const std::string id = *submit(with_policy("wait", R"("executionTimeout":50)"), Submitted::to_poll);
    const JobStatus status = end_of(id);
    EXPECT_EQ(status.state, JobState::timed_out);
    EXPECT_GE(*status.execution_ms, 50);
    EXPECT_TRUE(status.error.contains("executionTimeout"));
    EXPECT_TRUE(desk->wait_until_idle(JobStore::Clock::now() + 20s));  // it was stopped, too
    captioner.open();
    ASSERT_TRUE(store->retry(id));
    EXPECT_EQ(end_of(id).state, JobState::completed);
    EXPECT_EQ(store->counts().completed, 1U);
    EXPECT_EQ(store->counts().failed, 0U);
}

TEST_F(JobStoreTimes, AJobWhoseLifeIsOverIsGoneThoughItRuns) {
    open();
    const std::string id = *submit(with_policy("wait", R"("ttl":1500)"), Submitted::to_poll);
    until_running(1);
    std::latch gone(1);
    store->wait(id, Until::ended, JobStore::Clock::now() + 1h, [&] { gone.count_down(); });
    gone.wait();
    EXPECT_FALSE(store->status(id));
    EXPECT_TRUE(desk->wait_until_idle(JobStore::Clock::now() + 20s));
    EXPECT_EQ(store->counts().in_progress, 0U);
}

TEST_F(JobStoreTimes, AWebhookIsToldTheEndTheInputAndItself) {
    open();
    const std::string input = R"({"image":"QUJD","prompt":"a cat"})";
    const std::string id =
        *submit(R"({"input":)" + input + R"(,"webhook":"https://a.example/h"})", Submitted::to_poll);
    end_of(id);
    EXPECT_TRUE(desk->wait_until_idle(JobStore::Clock::now() + 20s));
    ASSERT_EQ(posted().size(), 1U);
    const Posted post = posted().front();
    EXPECT_EQ(post.id, id);
    EXPECT_EQ(post.url, "https://a.example/h");
    EXPECT_TRUE(post.body.contains(R"("status":"COMPLETED")"));
    EXPECT_TRUE(post.body.ends_with(R"("input":)" + input + R"(,"webhook":"https://a.example/h"})"));
}

TEST_F(JobStoreTimes, AWebhookIsToldOfEveryKindOfEnd) {
    const std::string hook = R"(,"webhook":"https://a.example/h"})";
    const std::string waits = *submit(R"({"input":{"image":"QUJD","prompt":"a"})" + hook, Submitted::to_poll);
    store->cancel(waits);
    store->cancel(waits);
    const std::string senseless = *submit(R"({"input":{})" + hook, Submitted::to_poll);
    ASSERT_EQ(posted().size(), 2U);
    EXPECT_TRUE(posted()[0].body.contains(R"("status":"CANCELLED")"));
    EXPECT_TRUE(posted()[1].body.contains(R"("status":"FAILED")"));
    EXPECT_EQ(posted()[1].id, senseless);
}

}  // namespace
}  // namespace vignette
