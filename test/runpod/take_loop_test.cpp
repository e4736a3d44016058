#include "runpod/take_loop.h"

#include <gtest/gtest.h>

#include <future>

#include "runpod/fake_platform.h"

namespace vignette {
namespace {

using namespace std::chrono_literals;
using Way = ServerAnswer::Way;

constexpr const char* one_job = R"({"id":"j1","input":{"image_base64":"aGk="}})";
constexpr const char* two_jobs =
    R"([{"id":"a","input":{"image_base64":"aGk="}},{"id":"b","input":{"image_base64":"aGk="}}])";

struct TakeLoopTest : ::testing::Test {
    FakePlatform fake;
    JobBook book;
    HttpClient client{"test/1"};
    std::stop_source stop;
    std::vector<TakenJob> taken;

    TakeLoopTest() {
        fake.always("job-take", {.way = Way::silence});
        fake.always("job-take-batch", {.way = Way::silence});
    }

    // Runs until so many jobs have come.
    TakeEnd run_until(std::size_t jobs, TakeOptions options = {}) {
        TakeLoop loop(client, fake.platform, book, std::move(options));
        return loop.run(stop.get_token(), [&](TakenJob job) {
            taken.push_back(std::move(job));
            if (taken.size() == jobs) stop.request_stop();
        });
    }
};

TEST_F(TakeLoopTest, AJobIsHandedOverWithItsId) {
    fake.plan("job-take", {{.body = one_job}});
    EXPECT_EQ(run_until(1), TakeEnd::stopped);
    EXPECT_EQ(taken.at(0).id->value, "j1");
    EXPECT_TRUE(taken.at(0).request);
    EXPECT_EQ(fake.heard("job-take").at(0).target, "/job-take/w1?gpu=x&job_in_progress=0");
    EXPECT_EQ(fake.heard("job-take").at(0).headers.at("authorization"), "key");
}

TEST_F(TakeLoopTest, AsManyJobsAreAskedForAsThereIsRoom) {
    fake.plan("job-take-batch", {{.body = two_jobs}});
    book.open({"running"}, 2, {});
    run_until(2, {.pictures_max = 5});
    EXPECT_EQ(taken.size(), 2U);
    EXPECT_EQ(
        fake.heard("job-take-batch").at(0).target, "/job-take-batch/w1?gpu=x&batch_size=3&job_in_progress=1"
    );
}

TEST_F(TakeLoopTest, PicturesThatAreFetchedLeaveTheirRoomToOtherJobs) {
    fake.plan("job-take-batch", {{.body = two_jobs}});
    book.open({"slow"}, 8, {});
    book.fetching({"slow"}, 8);
    run_until(2, {.pictures_max = 2});
    EXPECT_NE(fake.heard("job-take-batch").at(0).target.find("batch_size=2&"), std::string::npos);
}

TEST_F(TakeLoopTest, TwiceAsManyJobsAsThereIsRoomForAreTakenWhileTheyAreFetched) {
    fake.plan("job-take", {{.body = one_job}});
    for (const char* id : {"a", "b", "c"}) {
        book.open({id}, 1, {});
        book.fetching({id}, 1);
    }
    run_until(1, {.pictures_max = 2});
    EXPECT_EQ(fake.heard("job-take").at(0).target, "/job-take/w1?gpu=x&job_in_progress=1");
}

TEST_F(TakeLoopTest, TheMemoryBoundsWhatIsAskedFor) {
    fake.plan("job-take-batch", {{.body = two_jobs}});
    TakeOptions options{.pictures_max = 50};
    options.memory_room = [] { return 2; };
    run_until(2, std::move(options));
    EXPECT_NE(fake.heard("job-take-batch").at(0).target.find("batch_size=2&"), std::string::npos);
}

TEST_F(TakeLoopTest, NothingIsAskedWhileThereIsNoRoom) {
    book.open({"running"}, 1, {});
    fake.plan("job-take", {{.body = one_job}});
    std::future<TakeEnd> end = std::async(std::launch::async, [&] { return run_until(1); });
    book.finish({"running"});  // room now, and the result on its way
    EXPECT_EQ(end.get(), TakeEnd::stopped);
    EXPECT_EQ(fake.heard("job-take").at(0).target, "/job-take/w1?gpu=x&job_in_progress=1");
}

TEST_F(TakeLoopTest, AStopEndsTheOpenQuestionAtOnce) {
    std::future<TakeEnd> end = std::async(std::launch::async, [&] { return run_until(1); });
    fake.wait_for(1);
    stop.request_stop();
    EXPECT_EQ(end.get(), TakeEnd::stopped);
    EXPECT_TRUE(taken.empty());
}

TEST_F(TakeLoopTest, BadAnswersAreOutlived) {
    fake.plan(
        "job-take", {{.status = 500},
                     {.way = Way::reset},
                     {.status = 204},  // the waits begin anew
                     {.body = "no json"},
                     {.body = one_job, .way = Way::half},
                     {.status = 204},
                     {.status = 400},
                     {.status = 204},
                     {.body = one_job}}
    );
    EXPECT_EQ(run_until(1), TakeEnd::stopped);
    EXPECT_EQ(taken.at(0).id->value, "j1");
}

TEST_F(TakeLoopTest, AnEmptyListIsNoFailure) {
    const std::vector<ServerAnswer> empty(7, {.body = "[]"});  // as failures they would take half a minute
    fake.plan("job-take-batch", empty);
    fake.always("job-take-batch", {.body = two_jobs});
    std::future<TakeEnd> end =
        std::async(std::launch::async, [&] { return run_until(2, {.pictures_max = 5}); });
    EXPECT_EQ(end.wait_for(10s), std::future_status::ready);
}

TEST_F(TakeLoopTest, AnswersWithoutAJobsIdAreNoHotLoop) {
    fake.always("job-take", {.body = R"({"message":"no worker here"})"});
    const auto begin = std::chrono::steady_clock::now();
    std::future<TakeEnd> end = std::async(std::launch::async, [&] { return run_until(99); });
    fake.wait_for(4);
    EXPECT_GT(std::chrono::steady_clock::now() - begin, 600ms);
    stop.request_stop();
    end.get();
}

TEST_F(TakeLoopTest, AWorkerForOneJobAsksForOneAndEnds) {
    fake.plan("job-take", {{.body = one_job}});
    EXPECT_EQ(run_until(99, {.pictures_max = 8, .one_job_only = true}), TakeEnd::took_one);
    EXPECT_EQ(taken.size(), 1U);
}

}  // namespace
}  // namespace vignette
