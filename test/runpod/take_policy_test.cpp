#include "runpod/take_policy.h"

#include <gtest/gtest.h>

namespace vignette::take_policy_test {
namespace {

using namespace std::chrono_literals;

Result<HttpResponse> status(int code, std::string body = {}) {
    return HttpResponse{.status = code, .body = std::move(body)};
}

TakePolicy::Event after(TakeAnswer answer, Milliseconds asked_for = 0ms) {
    return {.answer = answer, .asked_for = asked_for, .now = {}, .chance = 1};
}

TEST(TakePolicy, AnswersAreToldApart) {
    EXPECT_EQ(classify(status(200, "{}")), TakeAnswer::jobs);
    EXPECT_EQ(classify(status(200)), TakeAnswer::nothing);
    EXPECT_EQ(classify(status(204)), TakeAnswer::nothing);
    EXPECT_EQ(classify(status(400)), TakeAnswer::refused);
    EXPECT_EQ(classify(status(401)), TakeAnswer::unauthorized);
    EXPECT_EQ(classify(status(403)), TakeAnswer::unauthorized);
    EXPECT_EQ(classify(status(429)), TakeAnswer::throttled);
    EXPECT_EQ(classify(status(404)), TakeAnswer::broken);
    EXPECT_EQ(classify(status(500)), TakeAnswer::broken);
    EXPECT_EQ(classify(status(302)), TakeAnswer::broken);
    EXPECT_EQ(classify(fail(ErrorCode::unreachable, "")), TakeAnswer::broken);
    EXPECT_EQ(classify(fail(ErrorCode::too_slow, "")), TakeAnswer::nothing);
}

TEST(TakePolicy, AfterJobsTheNextQuestionComesAtOnce) {
    TakePolicy policy(5min);
    EXPECT_EQ(policy.wait_after(after(TakeAnswer::jobs)), 0ms);
}

TEST(TakePolicy, ALongPollThatEndedEmptyIsRepeatedAtOnce) {
    TakePolicy policy(5min);
    for (int i = 0; i < 50; ++i) EXPECT_EQ(policy.wait_after(after(TakeAnswer::nothing, 5s)), 0ms);
}

TEST(TakePolicy, NoAnswerWhateverItIsMakesAHotLoop) {
    for (const TakeAnswer answer :
         {TakeAnswer::nothing, TakeAnswer::refused, TakeAnswer::unauthorized, TakeAnswer::throttled,
          TakeAnswer::broken}) {
        TakePolicy policy(5min);
        Milliseconds waited{};
        for (int i = 0; i < 20; ++i) waited += *policy.wait_after(after(answer));
        EXPECT_GT(waited, 5s) << static_cast<int>(answer);
    }
}

TEST(TakePolicy, FailuresWaitTwiceAsLongEachTimeUpToALimit) {
    TakePolicy policy(5min);
    EXPECT_EQ(policy.wait_after(after(TakeAnswer::broken)), 250ms);
    EXPECT_EQ(policy.wait_after(after(TakeAnswer::broken)), 500ms);
    EXPECT_EQ(policy.wait_after(after(TakeAnswer::broken)), 1000ms);
    for (int i = 0; i < 100; ++i) policy.wait_after(after(TakeAnswer::broken));
    EXPECT_EQ(policy.wait_after(after(TakeAnswer::broken)), 15s);
}

TEST(TakePolicy, OneGoodAnswerForgetsTheFailures) {
    TakePolicy policy(5min);
    for (int i = 0; i < 8; ++i) policy.wait_after(after(TakeAnswer::broken));
    policy.wait_after(after(TakeAnswer::jobs));
    EXPECT_EQ(policy.wait_after(after(TakeAnswer::broken)), 250ms);
}

TEST(TakePolicy, ChanceSpreadsTheWaitsOverTheirSecondHalf) {
    EXPECT_EQ(growing_wait(1, 1s, 1min, 0), 500ms);
    EXPECT_EQ(growing_wait(1, 1s, 1min, 1), 1s);
    EXPECT_EQ(growing_wait(1'000'000, 1s, 1min, 1), 1min);
}

TEST(TakePolicy, TheServersWishIsHonouredWithinReason) {
    TakePolicy policy(5min);
    TakePolicy::Event event = after(TakeAnswer::throttled);
    event.retry_after = 7s;
    EXPECT_EQ(policy.wait_after(event), 7s);
    event.retry_after = 24h;
    EXPECT_EQ(policy.wait_after(event), 1min);
}

TEST(TakePolicy, AKeyThatIsRefusedForLongEndsTheAsking) {
    TakePolicy policy(5min);
    TakePolicy::Event event = after(TakeAnswer::unauthorized);
    EXPECT_TRUE(policy.wait_after(event));
    event.now += 4min;
    EXPECT_TRUE(policy.wait_after(event));
    event.now += 1min;
    EXPECT_FALSE(policy.wait_after(event));
}

TEST(TakePolicy, AKeyThatWorkedInBetweenIsGivenTheWholeTimeAgain) {
    TakePolicy policy(5min);
    TakePolicy::Event event = after(TakeAnswer::unauthorized);
    policy.wait_after(event);
    event.now += 4min;
    policy.wait_after({.answer = TakeAnswer::nothing, .asked_for = 5s, .now = event.now});
    policy.wait_after(event);
    event.now += 4min;
    EXPECT_TRUE(policy.wait_after(event));
}

TEST(TakePolicy, RefusalsThatGoOnForMinutesAreToldAndAskedForLessOften) {
    TakePolicy policy(5min);
    TakePolicy::Event event = after(TakeAnswer::refused);
    for (int i = 0; i < 20; ++i) policy.wait_after(event);
    event.now += 4min;
    EXPECT_EQ(policy.wait_after(event), 15s);
    EXPECT_FALSE(policy.refused_for_long());
    event.now += 1min;
    EXPECT_EQ(policy.wait_after(event), 1min);
    EXPECT_TRUE(policy.refused_for_long());
    policy.wait_after(after(TakeAnswer::nothing));
    EXPECT_FALSE(policy.refused_for_long());
}

}  // namespace
}  // namespace vignette::take_policy_test
