#include "runpod/outbox.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <regex>
#include <thread>

#include "fakes/scratch_folder.h"
#include "runpod/fake_platform.h"

namespace vignette {
namespace {

using namespace std::chrono_literals;
using Way = ServerAnswer::Way;

struct OutboxTest : ::testing::Test {
    FakePlatform fake;
    JobBook book;
    HttpClient client{"test/1"};

    void open(const char* job) { ASSERT_TRUE(book.open({job}, 1, {})); }
    bool delivered() {
        return book.wait_until(JobBook::Clock::now() + 30s, [](const JobBook::Held& now) {
            return now.undelivered == 0;
        });
    }
    static StreamEvent words(std::string text) { return {.index = 0, .what = Piece{std::move(text)}}; }
};

TEST_F(OutboxTest, AResultIsPostedOnceAndTheJobClosed) {
    Outbox outbox(client, fake.platform, book, nullptr);
    open("j1");
    outbox.post_result({"j1"}, Streamed::no, R"({"output":1})");
    ASSERT_TRUE(delivered());
    ASSERT_EQ(fake.heard("job-done").size(), 1U);
    const HeardRequest post = fake.heard("job-done").at(0);
    EXPECT_EQ(post.method, "POST");
    EXPECT_EQ(post.target, "/job-done/w1/j1?gpu=x&isStream=false");
    EXPECT_EQ(post.body, R"({"output":1})");
    EXPECT_EQ(post.headers.at("authorization"), "key");
    EXPECT_EQ(post.headers.at("x-request-id"), "j1");
    EXPECT_TRUE(book.held().empty());
}

TEST_F(OutboxTest, FaultsOfTheMomentAreTriedAgainWithTheSameResult) {
    fake.plan("job-done", {{.way = Way::reset}, {.status = 500}, {.status = 429}, {.status = 401}});
    Outbox outbox(client, fake.platform, book, nullptr);
    for (const char* job : {"j1", "j2", "j3", "j4"}) {
        open(job);
        outbox.post_result({job}, Streamed::no, std::string("the result of ") + job);
    }
    ASSERT_TRUE(delivered());
    std::map<std::string, int> tries;
    for (const HeardRequest& post : fake.heard("job-done")) ++tries[post.body];
    EXPECT_EQ(tries.size(), 4U);
    EXPECT_GE(fake.heard("job-done").size(), 8U);
}

TEST_F(OutboxTest, WhatFollowsAPieceThatIsNotTakenIsLeftToTheResult) {
    const ServerAnswer refused{.status = 500};
    fake.always("job-stream", refused);
    Outbox outbox(client, fake.platform, book, nullptr);
    open("j1");
    for (std::size_t i = 0; i < 40; ++i) {  // several chunks
        outbox.post_event({"j1"}, {.index = i, .what = Piece{std::string(100'000, 'x')}});
    }
    outbox.post_result({"j1"}, Streamed::yes, "the result");
    ASSERT_TRUE(delivered());
    EXPECT_EQ(fake.heard("job-done").at(0).body, "the result");
    EXPECT_LE(fake.heard("job-stream").size(), 5U);  // the tries of one chunk
}

TEST_F(OutboxTest, AResultThatIsRefusedBecomesASmallError) {
    fake.plan("job-done", std::vector<ServerAnswer>(5, {.status = 400}));
    Outbox outbox(client, fake.platform, book, nullptr);
    open("j1");
    outbox.post_result({"j1"}, Streamed::no, std::string(5000, 'x'), {.stop_pod = StopPod::yes});
    ASSERT_TRUE(delivered());
    ASSERT_EQ(fake.heard("job-done").size(), 6U);
    EXPECT_EQ(fake.heard("job-done").at(4).body, std::string(5000, 'x'));
    const std::string body = fake.heard("job-done").at(5).body;
    EXPECT_LT(body.size(), 1000U);
    EXPECT_TRUE(body.contains(R"("stopPod":true)")) << body;
    EXPECT_TRUE(body.starts_with(R"({"error":")")) << body;
    EXPECT_NE(body.find("status 400"), std::string::npos);
}

TEST_F(OutboxTest, TheSmallErrorIsTriedAgainWhenItIsRefusedToo) {
    fake.plan("job-done", {{.status = 413}, {.status = 400}, {.status = 400}});
    Outbox outbox(client, fake.platform, book, nullptr);
    open("j1");
    outbox.post_result({"j1"}, Streamed::no, "the result");
    ASSERT_TRUE(delivered());
    const std::vector<HeardRequest> posts = fake.heard("job-done");
    ASSERT_EQ(posts.size(), 4U);
    EXPECT_EQ(posts.at(0).body, "the result");
    EXPECT_EQ(posts.at(1).body, posts.at(3).body);
}

// The platform refuses a result that it has. An error in its place would be a second result.
TEST_F(OutboxTest, AResultThatMayHaveArrivedIsNeverReplaced) {
    const ServerAnswer refused{.status = 422};
    for (const ServerAnswer& lost :
         {ServerAnswer{.by_hand = [](const auto& send) { send("HTTP/1.1 200 O"); }},
          ServerAnswer{.way = Way::reset}, ServerAnswer{.status = 502}}) {
        FakePlatform platform;
        platform.plan("job-done", {lost, refused});
        Outbox outbox(client, platform.platform, book, nullptr);
        open("j1");
        outbox.post_result({"j1"}, Streamed::no, "the result");
        ASSERT_TRUE(delivered());
        ASSERT_EQ(platform.heard("job-done").size(), 3U);
        for (const HeardRequest& post : platform.heard("job-done")) EXPECT_EQ(post.body, "the result");
    }
}

TEST_F(OutboxTest, WhatIsRefusedAgainAndAgainIsGivenUp) {
    fake.always("job-done", {.status = 404});
    Outbox outbox(client, fake.platform, book, nullptr);
    open("j1");
    outbox.post_result({"j1"}, Streamed::no, "x");
    ASSERT_TRUE(delivered());
    EXPECT_EQ(fake.heard("job-done").size(), 5U);
}

TEST_F(OutboxTest, ATooLargeResultIsAnErrorBeforeItIsSent) {
    Outbox outbox(client, fake.platform, book, nullptr);
    open("j1");
    outbox.post_result({"j1"}, Streamed::no, std::string(20 * MiB, 'x'), {.stop_pod = StopPod::yes});
    ASSERT_TRUE(delivered());
    ASSERT_EQ(fake.heard("job-done").size(), 1U);
    EXPECT_NE(fake.heard("job-done").at(0).body.find("too_large"), std::string::npos);
    EXPECT_TRUE(fake.heard("job-done").at(0).body.contains(R"("stopPod":true)"));
}

TEST_F(OutboxTest, ThePiecesComeInOrderAndTheResultBehindThem) {
    Outbox outbox(client, fake.platform, book, nullptr);
    open("j1");
    for (const char* word : {"one", " two", " three", " four"}) outbox.post_event({"j1"}, words(word));
    outbox.post_result({"j1"}, Streamed::yes, "all");
    ASSERT_TRUE(delivered());
    std::string joined;
    for (const HeardRequest& post : fake.heard("job-stream")) joined += post.body;
    const std::size_t one = joined.find("one");
    EXPECT_LT(one, joined.find(" two"));
    EXPECT_LT(joined.find(" two"), joined.find(" three"));
    EXPECT_LT(joined.find(" three"), joined.find(" four"));
    const std::vector<HeardRequest> results = fake.heard("job-done");
    ASSERT_EQ(results.size(), 1U);
    EXPECT_TRUE(results.at(0).target.ends_with("isStream=true"));
}

TEST_F(OutboxTest, WordsThatWaitShareAChunk) {
    fake.plan("job-stream", {{.way = Way::reset}});  // while the first is tried again, the others gather
    Outbox outbox(client, fake.platform, book, nullptr);
    open("j1");
    for (int i = 0; i < 50; ++i) outbox.post_event({"j1"}, words("w"));
    outbox.post_result({"j1"}, Streamed::yes, "all");
    ASSERT_TRUE(delivered());
    EXPECT_LE(fake.heard("job-stream").size(), 4U);
}

TEST_F(OutboxTest, JobsDoNotWaitForOneAnother) {
    fake.plan("job-done", {{.way = Way::silence}});
    Outbox outbox(client, fake.platform, book, nullptr);
    open("stuck");
    open("quick");
    outbox.post_result({"stuck"}, Streamed::no, "x");
    fake.wait_for(1);
    outbox.post_result({"quick"}, Streamed::no, "y");
    EXPECT_TRUE(book.wait_until(JobBook::Clock::now() + 30s, [](const JobBook::Held& now) {
        return now.undelivered == 1;
    }));
    EXPECT_EQ(book.held(), std::vector<JobId>{{"stuck"}});
}

TEST_F(OutboxTest, ADeliveredResultLeavesNothingOnDisk) {
    const ScratchFolder scratch;
    ResultFolder folder = *ResultFolder::open(scratch.path(), "w1");
    Outbox outbox(client, fake.platform, book, &folder);
    open("j1");
    outbox.post_result({"j1"}, Streamed::no, "x");
    ASSERT_TRUE(delivered());
    EXPECT_TRUE(folder.adopt().results.empty());
}

TEST_F(OutboxTest, WhatCouldNotBePostedIsPostedByTheNextStart) {
    const ScratchFolder scratch;
    fake.always("job-done", {.status = 503});
    {
        ResultFolder folder = *ResultFolder::open(scratch.path(), "w1");
        Outbox outbox(client, fake.platform, book, &folder);
        open("j1");
        outbox.post_result({"j1"}, Streamed::yes, "the result");
        fake.wait_for(1);
    }
    fake.always("job-done", {});
    ResultFolder folder = *ResultFolder::open(scratch.path(), "w1");
    JobBook next_book;
    Outbox outbox(client, fake.platform, next_book, &folder);
    outbox.post_saved(folder.adopt().results);
    ASSERT_TRUE(next_book.wait_until(JobBook::Clock::now() + 30s, [](const JobBook::Held& now) {
        return now.undelivered == 0;
    }));
    EXPECT_EQ(fake.heard("job-done").back().body, "the result");
    EXPECT_TRUE(fake.heard("job-done").back().target.ends_with("isStream=true"));
    EXPECT_TRUE(folder.adopt().results.empty());
}

TEST_F(OutboxTest, AResultOfAnEarlierStartMayHaveArrivedAndIsNeverReplaced) {
    const ScratchFolder scratch;
    ResultFolder folder = *ResultFolder::open(scratch.path(), "w1");
    ASSERT_TRUE(folder.save({"j1"}, false, "the result"));
    fake.plan("job-done", {{.status = 422}});
    Outbox outbox(client, fake.platform, book, &folder);
    outbox.post_saved(folder.adopt().results);
    ASSERT_TRUE(delivered());
    ASSERT_EQ(fake.heard("job-done").size(), 2U);
    EXPECT_EQ(fake.heard("job-done").back().body, "the result");
}

TEST_F(OutboxTest, TheEndGivesUpWhatIsUnderWay) {
    fake.always("job-done", {.way = Way::silence});
    Outbox outbox(client, fake.platform, book, nullptr);
    open("j1");
    outbox.post_result({"j1"}, Streamed::no, "x");
    fake.wait_for(1);
}

TEST_F(OutboxTest, A2xxIsASuccessWhateverItsBodyIs) {
    fake.plan(
        "job-done", {{.body = std::string(200 * KiB, 'x')}, {.status = 204}, {.body = "{}", .way = Way::half}}
    );
    Outbox outbox(client, fake.platform, book, nullptr);
    for (const char* job : {"j1", "j2", "j3"}) {
        open(job);
        outbox.post_result({job}, Streamed::no, "x");
    }
    ASSERT_TRUE(delivered());
    EXPECT_EQ(fake.heard("job-done").size(), 3U);
}

TEST_F(OutboxTest, ALoopOfRedirectsIsAFaultOfTheMoment) {
    const ServerAnswer loop{.status = 307, .headers = "Location: /job-done/w1/j1?gpu=x\r\n"};
    fake.plan("job-done", std::vector<ServerAnswer>(6, loop));
    Outbox outbox(client, fake.platform, book, nullptr);
    open("j1");
    outbox.post_result({"j1"}, Streamed::no, "the result");
    ASSERT_TRUE(delivered());
    EXPECT_EQ(fake.heard("job-done").back().body, "the result");
    EXPECT_EQ(fake.heard("job-done").back().method, "POST");
}

TEST_F(OutboxTest, AJobIsAnsweredOnce) {
    Outbox outbox(client, fake.platform, book, nullptr);
    open("j1");
    open("j2");
    outbox.post_result({"j1"}, Streamed::no, "handed back");
    outbox.post_event({"j1"}, words("late"));
    outbox.post_result({"j1"}, Streamed::no, "late");
    outbox.post_result({"j2"}, Streamed::no, "other");
    ASSERT_TRUE(delivered());
    EXPECT_EQ(fake.heard("job-done").size(), 2U);
    EXPECT_TRUE(fake.heard("job-stream").empty());
}

TEST_F(OutboxTest, WhatWasNotDoneIsNotKeptForLater) {
    const ScratchFolder scratch;
    ResultFolder folder = *ResultFolder::open(scratch.path(), "w1");
    fake.always("job-done", {.status = 503});
    Outbox outbox(client, fake.platform, book, &folder);
    open("j1");
    outbox.post_result({"j1"}, Streamed::no, "shutting down", {.keep = Keep::no});
    fake.wait_for(1);
    EXPECT_TRUE(folder.adopt().results.empty());
    EXPECT_TRUE(outbox.leave(JobBook::Clock::now() + 30s));
    EXPECT_TRUE(folder.adopt().results.empty());
}

TEST_F(OutboxTest, AResultThatIsNeitherPostedNorKeptIsTold) {
    fake.always("job-done", {.status = 503});
    Outbox outbox(client, fake.platform, book, nullptr);
    open("j1");
    outbox.post_result({"j1"}, Streamed::no, "x");
    fake.wait_for(1);
    EXPECT_FALSE(outbox.leave(JobBook::Clock::now() + 30s));
}

TEST_F(OutboxTest, AResultWhoseFolderHasGoneIsKeptAgainAtTheEnd) {
    const ScratchFolder scratch;
    ResultFolder folder = *ResultFolder::open(scratch.path(), "w1");
    fake.always("job-done", {.status = 503});
    Outbox outbox(client, fake.platform, book, &folder);
    open("j1");
    outbox.post_result({"j1"}, Streamed::no, "x");
    std::filesystem::remove_all(scratch.path());
    EXPECT_TRUE(outbox.leave(JobBook::Clock::now() + 30s));
    EXPECT_EQ(folder.adopt().results.size(), 1U);
}

TEST_F(OutboxTest, ALateResultOfAThreadThatWasNotWaitedForIsKept) {
    const ScratchFolder scratch;
    ResultFolder folder = *ResultFolder::open(scratch.path(), "w1");
    Outbox outbox(client, fake.platform, book, &folder);
    open("j1");
    EXPECT_TRUE(outbox.leave(JobBook::Clock::now() + 30s));
    outbox.post_result({"j1"}, Streamed::no, "x");
    EXPECT_EQ(folder.adopt().results.size(), 1U);
    EXPECT_TRUE(fake.heard("job-done").empty());
}

TEST_F(OutboxTest, SavedResultsArePostedAFewAtATimeUnderTheIdThatTookThem) {
    const ScratchFolder scratch;
    constexpr int count = 100;
    {
        ResultFolder dead = *ResultFolder::open(scratch.path(), "dead");
        for (int i = 0; i < count; ++i) ASSERT_TRUE(dead.save({"j" + std::to_string(i)}, false, "x"));
    }
    fake.platform.done_url = std::regex_replace(fake.platform.done_url, std::regex("w1"), "$$RUNPOD_POD_ID");
    std::atomic<int> at_once = 0;
    std::atomic<int> at_once_max = 0;
    fake.always("job-done", {.by_hand = [&](const auto& send) {
                    at_once_max = std::max<int>(at_once_max, ++at_once);
                    std::this_thread::sleep_for(2ms);  // so that there is something to overlap
                    --at_once;
                    send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
                }});
    ResultFolder folder = *ResultFolder::open(scratch.path(), "w1");
    Outbox outbox(client, fake.platform, book, &folder);
    outbox.post_saved(folder.adopt().results);
    ASSERT_TRUE(delivered());
    EXPECT_LE(at_once_max, 8);
    EXPECT_EQ(fake.heard("job-done").size(), static_cast<std::size_t>(count));
    for (const HeardRequest& post : fake.heard("job-done")) {
        EXPECT_TRUE(post.target.starts_with("/job-done/dead/j")) << post.target;
    }
}

TEST_F(OutboxTest, ASavedResultOlderThanADayIsNotPosted) {
    const ScratchFolder scratch;
    ResultFolder folder = *ResultFolder::open(scratch.path(), "w1");
    ASSERT_TRUE(folder.save({"j1"}, false, "x"));
    std::vector<SavedResult> saved = folder.adopt().results;
    saved.at(0).made -= 25h;
    Outbox outbox(client, fake.platform, book, &folder);
    outbox.post_saved(saved);
    EXPECT_TRUE(book.held().empty());
    EXPECT_TRUE(folder.adopt().results.empty());
}

}  // namespace
}  // namespace vignette
