#include "serve/job_store.h"

#include <gtest/gtest.h>

#include <latch>
#include <thread>

#include "store_fixture.h"

namespace vignette {
namespace {

using namespace std::chrono_literals;

using JobStoreTest = StoreFixture;

TEST_F(JobStoreTest, AJobIsCompletedAndItsTimesAreTold) {
    open();
    const std::string id = *submit(job("a cat"), Submitted::to_poll);
    const JobStatus status = end_of(id);
    EXPECT_EQ(status.state, JobState::completed);
    EXPECT_TRUE(status.output_json.contains("a cat"));
    EXPECT_TRUE(status.delay_ms.has_value() && status.execution_ms.has_value());
    EXPECT_EQ(status.retries, 0);
    EXPECT_EQ(status.worker_id, "worker");
    EXPECT_EQ(store->counts().completed, 1U);
    EXPECT_EQ(store->counts().in_queue + store->counts().in_progress, 0U);
}

TEST_F(JobStoreTest, AJobWaitsAndIsThenInProgress) {
    const std::string id = *submit(job("wait"), Submitted::to_poll);
    EXPECT_EQ(store->status(id)->state, JobState::in_queue);
    EXPECT_FALSE(store->status(id)->delay_ms.has_value());
    open();
    until_running(1);
    EXPECT_EQ(store->status(id)->state, JobState::in_progress);
    EXPECT_TRUE(store->status(id)->delay_ms.has_value());
    EXPECT_FALSE(store->status(id)->execution_ms.has_value());
    captioner.open();
    EXPECT_EQ(end_of(id).state, JobState::completed);
}

TEST_F(JobStoreTest, AJobThatFailsSaysWhy) {
    open();
    const JobStatus status = end_of(*submit(job("fail"), Submitted::to_poll));
    EXPECT_EQ(status.state, JobState::failed);
    EXPECT_TRUE(status.error.contains("model_failed"));
    EXPECT_TRUE(status.output_json.empty());
    EXPECT_EQ(store->counts().failed, 1U);
}

TEST_F(JobStoreTest, AJobThatMakesNoSenseIsAcceptedAndFailsWithNumbersForTimes) {
    const JobStatus status = end_of(*submit(R"({"input":{"prompt":"no picture"}})", Submitted::to_poll));
    EXPECT_EQ(status.state, JobState::failed);
    EXPECT_TRUE(status.error.contains("missing_image"));
    EXPECT_TRUE(status.delay_ms.has_value() && status.execution_ms.has_value());
}

TEST_F(JobStoreTest, WhatIsNoSubmissionIsRefused) {
    EXPECT_EQ(submit("{}", Submitted::to_poll).error().code, ErrorCode::invalid_input);
    EXPECT_EQ(submit("{", Submitted::to_poll).error().code, ErrorCode::invalid_json);
    EXPECT_EQ(store->counts().in_queue, 0U);
}

TEST_F(JobStoreTest, AFullDeskLeavesNoTrace) {
    make({}, {.jobs_max = 1});
    ASSERT_TRUE(submit(job("a"), Submitted::to_poll));
    EXPECT_EQ(submit(job("b"), Submitted::to_poll).error().code, ErrorCode::overloaded);
    EXPECT_EQ(store->counts().in_queue, 1U);
    EXPECT_EQ(store->counts().failed, 0U);
}

TEST_F(JobStoreTest, AnUnknownJobIsUnknownEverywhere) {
    EXPECT_FALSE(store->status("x"));
    EXPECT_FALSE(store->take_news("x"));
    EXPECT_FALSE(store->cancel("x"));
    EXPECT_EQ(store->retry("x").error().code, ErrorCode::not_found);
    std::latch told(1);
    store->wait("x", Until::ended, JobStore::Clock::now() + 1h, [&] { told.count_down(); });
    told.wait();
}

TEST_F(JobStoreTest, AWaitEndsWithTheJobOrWithItsTime) {
    const std::string id = *submit(job("a"), Submitted::to_wait);
    EXPECT_TRUE(id.starts_with("sync-"));
    std::latch in_time(1);
    store->wait(id, Until::ended, JobStore::Clock::now() + 1ms, [&] { in_time.count_down(); });
    in_time.wait();
    EXPECT_EQ(store->status(id)->state, JobState::in_queue);
    int calls = 0;
    std::latch ended(1);
    store->wait(id, Until::ended, JobStore::Clock::now() + 1h, [&] {
        ++calls;
        ended.count_down();
    });
    open();
    ended.wait();
    EXPECT_EQ(store->status(id)->state, JobState::completed);
    EXPECT_EQ(calls, 1);
}

TEST_F(JobStoreTest, AWaitHoldsNothingOnceItIsOver) {
    const std::string id = *submit(job("a"), Submitted::to_wait);
    const auto held = std::make_shared<std::latch>(1);
    store->wait(id, Until::ended, JobStore::Clock::now() + 1h, [held] { held->count_down(); });
    EXPECT_EQ(held.use_count(), 2);
    store->cancel(id);
    held->wait();
    EXPECT_EQ(held.use_count(), 1);
}

TEST_F(JobStoreTest, AStreamIsToldOnceAndThenItIsEmpty) {
    open();
    const std::string id = *submit(job("green apples", R"("stream":true)"), Submitted::to_poll);
    std::vector<StreamEvent> all;
    JobStore::News news = next_news(id);
    while (true) {
        all.insert(all.end(), news.events.begin(), news.events.end());
        if (is_final(news.status.state)) break;
        news = next_news(id);
    }
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(std::get<Piece>(all[0].what).text + std::get<Piece>(all[1].what).text, "green apples");
    EXPECT_TRUE(std::get<Finished>(all[2].what).result_json.contains("green apples"));
    EXPECT_TRUE(store->take_news(id)->events.empty());
    EXPECT_EQ(store->take_news(id)->status.state, JobState::completed);
}

TEST_F(JobStoreTest, ProgressIsShownWhileAJobRuns) {
    open();
    const std::string pictures = R"({"data_url":"data:,","prompt":"a"},{"image":"QUJD","prompt":"wait"})";
    const std::string id = *submit(R"({"input":{"images":[)" + pictures + "]}}", Submitted::to_poll);
    until_running(1);
    while (store->status(id)->output_json.empty()) std::this_thread::yield();
    EXPECT_EQ(store->status(id)->output_json, R"({"done":1,"count":2})");
    captioner.open();
    EXPECT_TRUE(end_of(id).output_json.contains("results"));
}

TEST_F(JobStoreTest, AJobThatWaitsIsCancelled) {
    const std::string id = *submit(job("a"), Submitted::to_poll);
    EXPECT_EQ(store->cancel(id), JobState::cancelled);
    EXPECT_EQ(store->status(id)->state, JobState::cancelled);
    EXPECT_EQ(desk->load().waiting, 0U);
    open();
    EXPECT_TRUE(desk->wait_until_idle(JobStore::Clock::now() + 20s));
    EXPECT_EQ(captioner.calls, 0);
}

TEST_F(JobStoreTest, AJobThatRunsIsCancelledAndStaysSo) {
    open();
    const std::string id = *submit(job("wait"), Submitted::to_poll);
    until_running(1);
    EXPECT_EQ(store->cancel(id), JobState::cancelled);
    EXPECT_TRUE(desk->wait_until_idle(JobStore::Clock::now() + 20s));
    EXPECT_EQ(store->status(id)->state, JobState::cancelled);
    EXPECT_TRUE(store->status(id)->error.empty());
    EXPECT_EQ(store->cancel(id), JobState::cancelled);
}

TEST_F(JobStoreTest, AJobThatHasEndedIsNotCancelled) {
    open();
    const std::string id = *submit(job("a"), Submitted::to_poll);
    end_of(id);
    EXPECT_EQ(store->cancel(id), JobState::completed);
    EXPECT_EQ(store->retry(id).error().code, ErrorCode::invalid_input);
}

TEST_F(JobStoreTest, AFailedJobIsTriedAgainUnderItsId) {
    open();
    const std::string id = *submit(job("fail"), Submitted::to_poll);
    end_of(id);
    ASSERT_TRUE(store->retry(id));
    const JobStatus again = end_of(id);
    EXPECT_EQ(again.state, JobState::failed);
    EXPECT_EQ(again.retries, 1);
    EXPECT_EQ(captioner.calls, 2);
    EXPECT_EQ(store->counts().retried, 1U);
    EXPECT_EQ(store->counts().failed, 1U);
}

TEST_F(JobStoreTest, ACancelledJobIsNotTriedAgain) {
    const std::string id = *submit(job("a"), Submitted::to_poll);
    store->cancel(id);
    EXPECT_EQ(store->retry(id).error().code, ErrorCode::invalid_input);
}

TEST_F(JobStoreTest, PurgingCancelsOnlyWhatWaits) {
    open(1);
    const std::string running = *submit(job("wait"), Submitted::to_poll);
    until_running(1);
    const std::string first = *submit(job("a"), Submitted::to_poll);
    const std::string second = *submit(job("b"), Submitted::to_poll);
    EXPECT_EQ(store->purge(), 2U);
    EXPECT_EQ(store->status(first)->state, JobState::cancelled);
    EXPECT_EQ(store->status(second)->state, JobState::cancelled);
    EXPECT_EQ(store->status(running)->state, JobState::in_progress);
    EXPECT_EQ(store->purge(), 0U);
}

TEST_F(JobStoreTest, ResultsAreForgottenAfterTheirTime) {
    make({.keep_polled = 1ms, .keep_waited = 1h});
    open();
    const std::string polled = *submit(job("a"), Submitted::to_poll);
    const std::string waited = *submit(job("a"), Submitted::to_wait);
    while (store->status(polled)) std::this_thread::yield();
    EXPECT_EQ(end_of(waited).state, JobState::completed);
    EXPECT_EQ(store->counts().completed, 2U);
}

TEST_F(JobStoreTest, TheOldestResultsGiveWayToNewOnes) {
    make({.results_bytes_max = 10'000});
    open(1);
    std::vector<std::string> ids;
    for (int i = 0; i < 20; ++i) {
        ids.push_back(*submit(job("a"), Submitted::to_poll));
        end_of(ids.back());
    }
    EXPECT_FALSE(store->status(ids.front()));
    EXPECT_TRUE(store->status(ids.back()));
}

TEST_F(JobStoreTest, TheOldestInputsGiveWayAndTheirJobsCannotBeTriedAgain) {
    const std::string padding = R"("note":")" + std::string(1'000, 'x') + '"';
    make({.inputs_bytes_max = 3'000});
    open(1);
    std::vector<std::string> ids;
    for (int i = 0; i < 4; ++i) {
        ids.push_back(*submit(job("fail", padding), Submitted::to_poll));
        end_of(ids.back());
    }
    EXPECT_EQ(store->status(ids.front())->state, JobState::failed);
    EXPECT_EQ(store->retry(ids.front()).error().code, ErrorCode::invalid_input);
    EXPECT_TRUE(store->retry(ids.back()));
}

// Everything at once, on the same few jobs: whoever is first wins, and the counts stay right.
TEST_F(JobStoreTest, AStormOfEverythingLeavesNothingBehind) {
    make({.results_bytes_max = 20'000, .inputs_bytes_max = 2'000});
    open(2);
    {
        std::vector<std::jthread> crowd;
        for (int t = 0; t < 4; ++t) {
            crowd.emplace_back([this, t] {
                for (int i = 0; i < 100; ++i) {
                    const char* prompt = i % 2 == 0 ? "fail" : "a";
                    const Result<std::string> id = submit(job(prompt), Submitted::to_poll);
                    if (!id) continue;
                    store->wait(*id, Until::news, JobStore::Clock::now() + 1h, [this, id = *id] {
                        store->take_news(id);
                    });
                    if (t == 0) store->purge();
                    if (t == 1) store->cancel(*id);
                    if (t > 1) {
                        std::ignore = store->retry(*id);
                        store->cancel(*id);
                    }
                }
            });
        }
    }
    EXPECT_TRUE(desk->wait_until_idle(JobStore::Clock::now() + 20s));
    const JobCounts counts = store->counts();
    EXPECT_EQ(counts.in_queue, 0U);
    EXPECT_EQ(counts.in_progress, 0U);
    EXPECT_EQ(counts.completed + counts.failed, 400U);
}

}  // namespace
}  // namespace vignette
