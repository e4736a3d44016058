#include "runpod/stop_poller.h"

#include <gtest/gtest.h>

#include <future>

#include "runpod/fake_platform.h"

namespace vignette {
namespace {

using namespace std::chrono_literals;
using Way = ServerAnswer::Way;

struct StopPollerTest : ::testing::Test {
    FakePlatform fake;
    JobBook book;
    HttpClient client{"test/1"};
    std::stop_source job;
    std::promise<void> stopped;
    std::stop_callback<std::function<void()>> on_stop{job.get_token(), [this] { stopped.set_value(); }};

    StopPollerTest() {
        fake.always("job-stop", {.way = Way::silence});
        book.open({"j1"}, 1, job);
    }
    bool job_is_stopped() { return stopped.get_future().wait_for(30s) == std::future_status::ready; }
};

TEST_F(StopPollerTest, AJobThatThePlatformNamesIsStopped) {
    fake.plan("job-stop", {{.body = R"({"jobsToStop":["unknown","j1"]})"}});
    const StopPoller channel(client, fake.platform, book);
    EXPECT_TRUE(job_is_stopped());
    EXPECT_EQ(fake.heard("job-stop").at(0).target, "/job-stop/w1?gpu=x");
}

TEST_F(StopPollerTest, BadAnswersAreOutlived) {
    fake.plan(
        "job-stop",
        {{.status = 204}, {.body = "rubbish"}, {.way = Way::reset}, {.body = R"({"jobsToStop":["j1"]})"}}
    );
    const StopPoller channel(client, fake.platform, book);
    EXPECT_TRUE(job_is_stopped());
}

TEST_F(StopPollerTest, TheEndDoesNotWaitForTheOpenQuestion) {
    const StopPoller channel(client, fake.platform, book);
    fake.wait_for(1);
}

TEST_F(StopPollerTest, WithoutAnAddressNothingIsAsked) {
    fake.platform.take_url = "http://127.0.0.1:1/jobs";
    {
        const StopPoller channel(client, fake.platform, book);
    }
    EXPECT_TRUE(fake.heard("job-stop").empty());
    EXPECT_FALSE(job.stop_requested());
}

}  // namespace
}  // namespace vignette
