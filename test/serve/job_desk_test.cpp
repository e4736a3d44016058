#include "serve/job_desk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <set>
#include <thread>

#include "desk_jobs.h"
#include "fakes/fake_captioner.h"
#include "fakes/gate.h"

namespace vignette {
namespace {

using namespace std::chrono_literals;

constexpr auto far_away = [] { return std::chrono::steady_clock::now() + 20s; };

// Notes in which order pictures come, and lets them pass one by one.
class Doorman final : public Captioner {
public:
    int pictures_at_once() const override { return 1; }
    Result<Caption> caption(Job job, std::stop_token, const OnPiece&) override {
        {
            const std::lock_guard lock(mutex_);
            order_ += *job.options.prompt;
            ids_.insert(job.id.value);
        }
        gate.pass();
        Caption caption;
        caption.text = *job.options.prompt;
        return caption;
    }
    Result<FilmInfo> describe(Film, std::stop_token, const OnFrame&, const OnPiece&) override {
        return FilmInfo{};
    }

    std::string order() const {
        const std::lock_guard lock(mutex_);
        return order_;
    }

    std::size_t ids() const {
        const std::lock_guard lock(mutex_);
        return ids_.size();
    }

    Gate gate;

private:
    mutable std::mutex mutex_;
    std::string order_;
    std::set<std::string> ids_;
};

TEST(JobDesk, AJobIsAnsweredOnce) {
    FakeCaptioner captioner;
    JobDesk desk({});
    desk.open(captioner, 2);
    const HandedIn good = hand_in(desk, one_picture("a cat"));
    const HandedIn bad = hand_in(desk, one_picture("fail"));
    EXPECT_TRUE(good.outcome->wait()->contains("a cat"));
    EXPECT_EQ(bad.outcome->wait().error().code, ErrorCode::model_failed);
    EXPECT_TRUE(desk.wait_until_idle(far_away()));
    EXPECT_EQ(good.outcome->ends(), 1);
    EXPECT_EQ(good.outcome->begun(), 1);
    EXPECT_EQ(desk.load().done, 1U);
    EXPECT_EQ(desk.load().failed, 1U);
}

TEST(JobDesk, JobsWaitUntilTheDeskIsOpen) {
    FakeCaptioner captioner;
    JobDesk desk({});
    const HandedIn early = hand_in(desk, one_picture("early"));
    EXPECT_FALSE(desk.is_open());
    EXPECT_EQ(desk.load().waiting, 1U);
    EXPECT_EQ(early.outcome->begun(), 0);
    desk.open(captioner, 1);
    EXPECT_TRUE(early.outcome->wait());
}

class PlacesTest : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(JobDesk, PlacesTest, ::testing::Values(1, 2, 8));

TEST_P(PlacesTest, NoPlaceIsHeldByWhatIsFetched) {
    FakeCaptioner captioner;
    JobDesk desk({});
    desk.open(captioner, GetParam());
    const HandedIn many = hand_in(desk, by_address(batch_of("drip", 64)));
    while (captioner.fetches < 8) std::this_thread::yield();
    EXPECT_EQ(many.outcome->begun(), 1);
    const HandedIn other = hand_in(desk, by_address(one_picture("a cat")));
    EXPECT_TRUE(other.outcome->wait()->contains("a cat"));
    EXPECT_EQ(captioner.calls, 1);    // all drips are still held
    EXPECT_EQ(captioner.fetches, 9);  // no more than eight of one job
    EXPECT_EQ(desk.load().pictures_running, 0U);
    captioner.let_drips_end();
    EXPECT_TRUE(many.outcome->wait());
    EXPECT_EQ(captioner.calls, 65);
    EXPECT_EQ(captioner.fetches, 65);
    EXPECT_EQ(many.outcome->begun(), 1);
}

TEST(JobDesk, WhatIsFetchedAndWaitsForAPlaceIsBounded) {
    FakeCaptioner captioner;
    captioner.deaf.shut();
    JobDesk desk({});
    desk.open(captioner, 1);
    const HandedIn many = hand_in(desk, by_address(batch_of("deaf", 64)));
    captioner.deaf.await();
    while (captioner.fetches < 9) std::this_thread::yield();  // one is in work, eight are here
    captioner.deaf.let_one_through_and_await();
    while (captioner.fetches < 10) std::this_thread::yield();
    EXPECT_EQ(captioner.fetches, 10);
    captioner.deaf.open();
    EXPECT_TRUE(many.outcome->wait());
}

TEST(JobDesk, AStoppedJobThatIsFetchedEndsWithoutAPlace) {
    FakeCaptioner captioner;
    captioner.deaf.shut();
    JobDesk desk({});
    desk.open(captioner, 1);
    const HandedIn busy = hand_in(desk, one_picture("deaf"));
    captioner.deaf.await();
    HandedIn here = hand_in(desk, by_address(batch_of("wait", 64)));  // fetched at once
    HandedIn coming = hand_in(desk, by_address(batch_of("drip", 64)));
    while (captioner.fetches < 16) std::this_thread::yield();
    for (HandedIn* job : {&here, &coming}) job->stop.request_stop();
    EXPECT_TRUE(here.outcome->wait()->contains("cancelled"));
    EXPECT_TRUE(coming.outcome->wait()->contains("cancelled"));
    EXPECT_EQ(here.outcome->ends() + coming.outcome->ends(), 2);
    EXPECT_EQ(busy.outcome->ends(), 0);
    captioner.deaf.open();
    EXPECT_TRUE(busy.outcome->wait());
}

TEST(JobDesk, AddressesOfJobsThatCameBeforeItWasOpenAreFetchedThen) {
    FakeCaptioner captioner;
    JobDesk desk({});
    const HandedIn early = hand_in(desk, by_address(batch_of("early", 20)));
    HandedIn gone = hand_in(desk, by_address(one_picture("gone")));
    // On a thread of its own, as clients do: where a process has only one, libstdc++ 12 does not note that a
    // stop callback has ended, and the desk's thread, which comes later, would wait for that without end.
    std::jthread([&] { gone.stop.request_stop(); }).join();
    EXPECT_EQ(gone.outcome->wait().error().code, ErrorCode::cancelled);
    desk.open(captioner, 1);
    EXPECT_TRUE(early.outcome->wait());
    EXPECT_EQ(captioner.fetches, 20);
}

TEST(JobDesk, MoreJobsThanFitAreRefused) {
    JobDesk desk({.jobs_max = 2, .bytes_max = 100});
    EXPECT_TRUE(hand_in(desk, one_picture("a"), {.bytes = 60}).accepted);
    const HandedIn heavy = hand_in(desk, one_picture("b"), {.bytes = 41});
    EXPECT_EQ(heavy.accepted.error().code, ErrorCode::overloaded);
    EXPECT_TRUE(hand_in(desk, one_picture("c"), {.bytes = 40}).accepted);
    EXPECT_EQ(hand_in(desk, one_picture("d")).accepted.error().code, ErrorCode::overloaded);
    EXPECT_EQ(desk.load().refused, 2U);
    EXPECT_EQ(desk.load().waiting, 2U);
    EXPECT_EQ(heavy.outcome->ends(), 0);
}

TEST(JobDesk, WhoeverLeavesTheLineMakesRoom) {
    JobDesk desk({.jobs_max = 1, .bytes_max = 100});
    for (int i = 0; i < 100; ++i) {
        HandedIn job = hand_in(desk, one_picture("a"), {.bytes = 100});
        ASSERT_TRUE(job.accepted);
        job.stop.request_stop();
        EXPECT_EQ(job.outcome->wait().error().code, ErrorCode::cancelled);
        EXPECT_EQ(job.outcome->begun(), 0);
    }
    EXPECT_EQ(desk.load().waiting, 0U);
}

// A model that loads for a minute must not be made to keep the pictures of everybody who has left.
TEST(JobDesk, WhatHasLeftTheLineIsNotKept) {
    JobDesk desk({});
    const auto held = std::make_shared<std::string>("whatever a job holds");
    for (int i = 0; i < 100; ++i) {
        std::stop_source stop;
        ASSERT_TRUE(desk.submit({
            .request = one_picture("a"),
            .stop = stop,
            .on_start = {},
            .on_event = {},
            .on_progress = {},
            .on_done = [held](const Answer&, const Result<std::string>&) {},
        }));
        stop.request_stop();
    }
    EXPECT_LE(held.use_count(), 2);
}

TEST(JobDesk, ALineThatWouldTakeTooLongIsFull) {
    Doorman doorman;
    JobDesk desk({.wait_max = 0ms});
    desk.open(doorman, 1);
    hand_in(desk, one_picture("a")).outcome->wait();  // now it knows how long a picture takes
    doorman.gate.shut();
    const HandedIn running = hand_in(desk, one_picture("b"));
    doorman.gate.await();
    const HandedIn waiting = hand_in(desk, batch_of("c", 2'000));
    ASSERT_TRUE(waiting.accepted);
    EXPECT_GT(desk.load().predicted_wait, 0ms);
    EXPECT_EQ(hand_in(desk, one_picture("d")).accepted.error().code, ErrorCode::overloaded);
    doorman.gate.open();
    waiting.outcome->wait();
}

TEST(JobDesk, ALargeBatchDoesNotMakeTheOthersWaitForAllOfIt) {
    Doorman doorman;
    doorman.gate.shut();
    JobDesk desk({});
    desk.open(doorman, 1);
    const HandedIn batch = hand_in(desk, batch_of("B", 6));
    doorman.gate.await();
    const HandedIn first = hand_in(desk, one_picture("1"));
    const HandedIn second = hand_in(desk, one_picture("2"));
    doorman.gate.open();
    batch.outcome->wait();
    EXPECT_EQ(doorman.order(), "BB12BBBB");
}

TEST(JobDesk, TheCaptionerTellsJobsApartWhateverTheirClientsCallThem) {
    Doorman doorman;
    JobDesk desk({});
    desk.open(doorman, 1);
    for (int i = 0; i < 3; ++i) hand_in(desk, batch_of("a", 2)).outcome->wait();
    EXPECT_EQ(doorman.ids(), 3U);
}

TEST(JobDesk, LowPriorityIsServedLastAndStillServed) {
    Doorman doorman;
    doorman.gate.shut();
    JobDesk desk({});
    desk.open(doorman, 1);
    std::vector<HandedIn> jobs;
    jobs.push_back(hand_in(desk, one_picture("x")));
    doorman.gate.await();
    jobs.push_back(hand_in(desk, batch_of("L", 3), {.priority = Priority::low}));
    for (int i = 0; i < 16; ++i) jobs.push_back(hand_in(desk, one_picture("n")));
    doorman.gate.open();
    for (const HandedIn& job : jobs) job.outcome->wait();
    EXPECT_EQ(doorman.order(), "xnnnnnnnLnnnnnnnLnnL");
}

TEST(JobDesk, AJobThatRunsIsStopped) {
    FakeCaptioner captioner;
    JobDesk desk({});
    desk.open(captioner, 1);
    HandedIn job = hand_in(desk, one_picture("wait"));
    while (captioner.calls == 0) std::this_thread::yield();
    job.stop.request_stop();
    EXPECT_EQ(job.outcome->wait().error().code, ErrorCode::cancelled);
    EXPECT_EQ(job.outcome->begun(), 1);
}

TEST(JobDesk, AJobThatWasStoppedBeforeIsNotBegun) {
    FakeCaptioner captioner;
    JobDesk desk({});
    std::stop_source stop;
    stop.request_stop();
    const auto outcome = std::make_shared<Outcome>();
    const Result<void> accepted = desk.submit({
        .request = one_picture("a"),
        .stop = stop,
        .on_start = [outcome] { outcome->begin(); },
        .on_event = {},
        .on_progress = {},
        .on_done = [outcome](const Answer&, const Result<std::string>& output) { outcome->end(output); },
    });
    EXPECT_TRUE(accepted);
    EXPECT_EQ(outcome->wait().error().code, ErrorCode::cancelled);
    desk.open(captioner, 1);
    EXPECT_TRUE(desk.wait_until_idle(far_away()));
    EXPECT_EQ(captioner.calls, 0);
    EXPECT_EQ(outcome->ends(), 1);
}

TEST(JobDesk, AClosedDeskTakesNothingAndFinishesWhatItHas) {
    FakeCaptioner captioner;
    JobDesk desk({});
    desk.open(captioner, 1);
    const HandedIn running = hand_in(desk, one_picture("wait"));
    const HandedIn waiting = hand_in(desk, one_picture("a cat"));
    desk.close();
    EXPECT_EQ(hand_in(desk, one_picture("late")).accepted.error().code, ErrorCode::shutting_down);
    EXPECT_FALSE(desk.wait_until_idle(std::chrono::steady_clock::now()));
    captioner.open();
    EXPECT_TRUE(desk.wait_until_idle(far_away()));
    EXPECT_EQ(running.outcome->ends() + waiting.outcome->ends(), 2);
    EXPECT_TRUE(waiting.outcome->wait());
}

TEST(JobDesk, StoppingEndsAllAsShuttingDown) {
    FakeCaptioner captioner;
    JobDesk desk({});
    desk.open(captioner, 1);
    const HandedIn running = hand_in(desk, batch_of("wait", 3));
    while (captioner.calls == 0) std::this_thread::yield();
    const HandedIn waiting = hand_in(desk, one_picture("a"));
    desk.stop_all();
    EXPECT_EQ(waiting.outcome->wait().error().code, ErrorCode::shutting_down);
    EXPECT_TRUE(running.outcome->wait()->contains("shutting_down"));
    EXPECT_TRUE(desk.wait_until_idle(far_away()));
}

TEST(JobDesk, ADeskThatNeverOpenedEndsItsJobs) {
    std::vector<HandedIn> jobs;
    {
        JobDesk desk({});
        for (int i = 0; i < 10; ++i) jobs.push_back(hand_in(desk, batch_of("a", 3)));
    }
    for (const HandedIn& job : jobs) {
        EXPECT_EQ(job.outcome->wait().error().code, ErrorCode::shutting_down);
        EXPECT_EQ(job.outcome->ends(), 1);
    }
}

// Threads hand jobs in and stop them at any moment: each is answered exactly once.
TEST(JobDesk, AStormOfJobsAndStopsIsAnsweredExactlyOnce) {
    FakeCaptioner captioner;
    captioner.open();
    constexpr std::size_t threads = 4, each = 200;
    std::vector<std::vector<HandedIn>> jobs(threads);
    {
        JobDesk desk({.jobs_max = 200});
        {
            std::vector<std::jthread> crowd;
            for (std::size_t t = 0; t < threads; ++t) {
                crowd.emplace_back([&, t] {
                    std::minstd_rand random(static_cast<unsigned>(t) + 1);
                    for (std::size_t i = 0; i < each; ++i) {
                        const char* prompt = random() % 3 == 0 ? "wait" : "a";
                        const JobTraits traits{
                            .priority = random() % 4 == 0 ? Priority::low : Priority::normal, .bytes = 10
                        };
                        Request batch = batch_of(prompt, 1 + random() % 3);
                        if (random() % 2 == 0) batch = by_address(std::move(batch));
                        jobs[t].push_back(hand_in(desk, std::move(batch), traits));
                        if (random() % 2 == 0) jobs[t][random() % jobs[t].size()].stop.request_stop();
                        if (t == 0 && i == each / 2) desk.open(captioner, 3);
                    }
                });
            }
        }
        EXPECT_TRUE(desk.wait_until_idle(far_away()));
        EXPECT_EQ(desk.load().waiting + desk.load().running, 0U);
    }
    for (const auto& some : jobs) {
        for (const HandedIn& job : some) EXPECT_EQ(job.outcome->ends(), job.accepted ? 1 : 0);
    }
}

}  // namespace
}  // namespace vignette
