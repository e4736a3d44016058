#include "runpod/heartbeat.h"

#include <gtest/gtest.h>

#include "runpod/fake_platform.h"

namespace vignette {
namespace {

using namespace std::chrono_literals;

TEST(Heartbeat, TheFirstSignGoesOutAtOnceAndNamesWhatIsHeld) {
    FakePlatform fake;
    fake.platform.ping_interval = 1h;
    JobBook book;
    book.open({"a"}, 1, {});
    book.open_finished({"b"});
    const Heartbeat heartbeat(fake.platform, book);
    fake.wait_for(1);
    const HeardRequest ping = fake.heard("ping").at(0);
    EXPECT_EQ(ping.method, "GET");
    EXPECT_EQ(ping.target, "/ping/w1?job_id=a,b&runpod_version=1.12.0");
    EXPECT_EQ(ping.headers.at("authorization"), "key");
    EXPECT_FALSE(ping.headers.contains("content-type"));
}

TEST(Heartbeat, SignsFollowOneAnotherWhateverIsAnswered) {
    FakePlatform fake;
    fake.platform.ping_interval = 5ms;
    fake.plan("ping", {{.status = 500}, {.way = ServerAnswer::Way::reset}, {.status = 404}});
    const JobBook book;
    const Heartbeat heartbeat(fake.platform, book);
    fake.wait_for(6);
}

TEST(Heartbeat, TheEndDoesNotWaitForTheIntervalNorForASilentPlatform) {
    FakePlatform fake;
    fake.platform.ping_interval = 1h;
    fake.always("ping", {.way = ServerAnswer::Way::silence});
    const JobBook book;
    const Heartbeat heartbeat(fake.platform, book);
    fake.wait_for(1);
}

TEST(Heartbeat, WithoutAnAddressThereIsNone) {
    FakePlatform fake;
    fake.platform.ping_url.clear();
    const JobBook book;
    {
        const Heartbeat heartbeat(fake.platform, book);
    }
    EXPECT_TRUE(fake.heard("ping").empty());
}

TEST(UnhealthyReport, IsOnePingWithCheckAndReason) {
    const FakePlatform fake;
    report_unhealthy(fake.platform, "memory", "too little");
    ASSERT_EQ(fake.heard("ping").size(), 1U);
    EXPECT_EQ(
        fake.heard("ping").at(0).target,
        "/ping/w1?status=unhealthy&check=memory&reason=too%20little&runpod_version=1.12.0"
    );
}

}  // namespace
}  // namespace vignette
