// A store with a ledger, over several processes: each make_again() is one.
#include <gtest/gtest.h>

#include <filesystem>

#include "fakes/scratch_folder.h"
#include "serve/ledger/job_ledger.h"
#include "store_fixture.h"

namespace vignette {
namespace {

using namespace std::chrono_literals;

class JobStoreLedger : public StoreFixture {
protected:
    JobStoreLedger() { make_again(); }
    ~JobStoreLedger() override { end(); }

    void make_again(JobStore::Options options = {}, JobDesk::Bounds bounds = {}) {
        end();
        ledger.reset();
        ledger = JobLedger::open(file()).value();
        options.ledger = ledger.get();
        make(std::move(options), bounds);
        store->restore(ledger->take_found());
    }

    // What a process leaves that is killed now: the file as it is, without what its end would write.
    void kill_and_make_again(JobStore::Options options = {}) {
        std::promise<void> written;
        store->when_written({}, [&] { written.set_value(); });
        written.get_future().wait();
        const std::filesystem::path saved = folder.path() / "saved";
        for (const char* end : {"", "-wal"})
            std::filesystem::copy(file().string() + end, saved.string() + end);
        end();
        ledger.reset();
        for (const char* end : {"", "-wal"})
            std::filesystem::rename(saved.string() + end, file().string() + end);
        make_again(std::move(options));
    }

    std::string submitted(const std::string& body) const { return submit(body, Submitted::to_poll).value(); }
    std::filesystem::path file() const { return folder.path() / "jobs.db"; }

    ScratchFolder folder;
    std::unique_ptr<JobLedger> ledger;
};

std::string with_webhook(const std::string& prompt) {
    return R"({"input":{"image":"QUJD","prompt":")" + prompt + R"("},"webhook":"https://example.com/hook"})";
}

TEST_F(JobStoreLedger, AJobThatWaitsIsRunByTheNextProcess) {
    const std::string first = submitted(job("a cat"));
    const std::string second = submitted(job("a dog"));
    kill_and_make_again();
    EXPECT_EQ(store->status(first)->state, JobState::in_queue);
    EXPECT_EQ(store->counts().in_queue, 2U);
    open(1);
    EXPECT_TRUE(end_of(first).output_json.contains("a cat"));
    EXPECT_TRUE(end_of(second).output_json.contains("a dog"));
    EXPECT_EQ(end_of(first).retries, 0);
    EXPECT_EQ(captioner.calls, 2);
}

TEST_F(JobStoreLedger, TheBoundsDoNotHoldForWhatWasAccepted) {
    const std::string first = submitted(job("a"));
    const std::string second = submitted(job("b"));
    make_again({}, {.jobs_max = 1});
    EXPECT_EQ(submit(job("c"), Submitted::to_poll).error().code, ErrorCode::overloaded);
    open();
    EXPECT_EQ(end_of(first).state, JobState::completed);
    EXPECT_EQ(end_of(second).state, JobState::completed);
}

TEST_F(JobStoreLedger, AJobThatRanIsRunAgainAndCountsAsRetried) {
    open();
    const std::string id = submitted(job("wait"));
    until_running(1);
    kill_and_make_again();
    captioner.open();
    open();
    const JobStatus status = end_of(id);
    EXPECT_EQ(status.state, JobState::completed);
    EXPECT_EQ(status.retries, 1);
    EXPECT_EQ(store->counts().retried, 1U);
}

TEST_F(JobStoreLedger, WhatHasEndedIsThereWithItsTimesAndIsNotRunAgain) {
    open();
    const std::string good = submitted(job("a cat"));
    const std::string bad = submitted(job("fail"));
    const JobStatus before = end_of(good);
    const JobStatus before_bad = end_of(bad);
    const int calls = captioner.calls;
    kill_and_make_again();
    open();
    const JobStatus after = *store->status(good);
    EXPECT_EQ(after.state, JobState::completed);
    EXPECT_EQ(after.output_json, before.output_json);
    EXPECT_EQ(after.execution_ms, before.execution_ms);
    EXPECT_EQ(after.delay_ms, before.delay_ms);
    EXPECT_EQ(store->status(bad)->error, before_bad.error);
    EXPECT_EQ(store->counts().completed, 1U);
    EXPECT_EQ(store->counts().failed, 1U);
    EXPECT_EQ(captioner.calls, calls);
    ASSERT_TRUE(store->retry(bad));
    EXPECT_EQ(end_of(bad).retries, 1);
    EXPECT_EQ(captioner.calls, calls + 1);
}

TEST_F(JobStoreLedger, AJobThatEndsThreeProcessesIsNotRunAgainUnlessAskedFor) {
    const std::string id = submitted(with_webhook("wait"));
    for (int crash = 0; crash < 3; ++crash) {
        open();
        until_running(crash + 1);
        kill_and_make_again();
    }
    const JobStatus status = *store->status(id);
    EXPECT_EQ(status.state, JobState::failed);
    EXPECT_TRUE(status.error.contains("internal")) << status.error;
    EXPECT_TRUE(status.error.contains("3 times while this job was running")) << status.error;
    EXPECT_EQ(status.execution_ms, 0);
    while (posted().empty()) std::this_thread::yield();
    EXPECT_TRUE(posted().front().body.contains("FAILED"));
    open();
    EXPECT_TRUE(desk->wait_until_idle(JobStore::Clock::now() + 20s));
    EXPECT_EQ(captioner.calls, 3);
    captioner.open();
    ASSERT_TRUE(store->retry(id));
    EXPECT_EQ(end_of(id).state, JobState::completed);
}

TEST_F(JobStoreLedger, AServerThatIsStoppedLeavesItsJobsToTheNext) {
    open(1);
    const std::string running = submitted(job("wait"));
    until_running(1);
    const std::string waiting = submitted(job("a"));
    make_again();
    EXPECT_EQ(store->status(running)->state, JobState::in_queue);
    EXPECT_EQ(store->status(waiting)->state, JobState::in_queue);
    captioner.open();
    open();
    EXPECT_EQ(end_of(running).state, JobState::completed);
    EXPECT_EQ(end_of(running).retries, 0);  // nothing went wrong
    EXPECT_EQ(end_of(waiting).state, JobState::completed);
}

TEST_F(JobStoreLedger, AWebhookThatWasNotDeliveredIsPostedAgainUntilItIs) {
    webhooks_are_delivered = false;
    open();
    const std::string id = submitted(with_webhook("a cat"));
    end_of(id);
    while (posted().empty()) std::this_thread::yield();
    kill_and_make_again();
    ASSERT_EQ(posted().size(), 2U);
    EXPECT_EQ(posted()[1].id, id);
    EXPECT_EQ(posted()[1].url, "https://example.com/hook");
    EXPECT_TRUE(posted()[1].body.contains(R"("prompt":"a cat")")) << posted()[1].body;
    EXPECT_TRUE(posted()[1].body.contains("COMPLETED"));
    webhooks_are_delivered = true;
    kill_and_make_again();
    EXPECT_EQ(posted().size(), 3U);
    kill_and_make_again();
    EXPECT_EQ(posted().size(), 3U);
    EXPECT_EQ(store->status(id)->state, JobState::completed);
}

TEST_F(JobStoreLedger, CancelledRetriedAndPurgedJobsStaySo) {
    const std::string cancelled = submitted(job("a"));
    const std::string purged = submitted(job("b"));
    store->cancel(cancelled);
    store->purge();
    const std::string failed = submitted(job("fail"));
    open();
    end_of(failed);
    ASSERT_TRUE(store->retry(failed));
    end_of(failed);
    kill_and_make_again();
    open();
    EXPECT_EQ(store->status(cancelled)->state, JobState::cancelled);
    EXPECT_EQ(store->status(purged)->state, JobState::cancelled);
    EXPECT_EQ(store->status(failed)->retries, 1);
    EXPECT_EQ(captioner.calls, 2);
}

TEST_F(JobStoreLedger, WhatIsOverItsTimeIsForgottenInTheFileToo) {
    open();
    const std::string kept = submitted(job("a"));
    end_of(kept);
    make_again({.keep_polled = 1ms});
    while (store->status(kept)) std::this_thread::yield();
    const std::string body = R"({"input":{"image":"QUJD","prompt":"wait"},"policy":{"ttl":1}})";
    const std::string expiring = submit(body, Submitted::to_poll).value();
    while (store->status(expiring)) std::this_thread::yield();
    end();
    ledger.reset();
    EXPECT_TRUE(JobLedger::open(file()).value()->take_found().empty());
}

TEST_F(JobStoreLedger, TheBoundsOnResultsHoldForTheFileToo) {
    make_again({.results_bytes_max = 10'000});
    open(1);
    for (int i = 0; i < 20; ++i) end_of(submitted(job("a")));
    end();
    ledger.reset();
    EXPECT_LE(JobLedger::open(file()).value()->take_found().size(), 5U);
}

}  // namespace
}  // namespace vignette
