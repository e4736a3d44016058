#include "net/fetch/resolver.h"

#include "net/fetch/fetch_slots.h"

#include <gtest/gtest.h>

#include <future>

#include "fakes/gate.h"

namespace vignette {
namespace {

using Clock = Resolver::Clock;
using Addresses = Resolver::Addresses;

constexpr Clock::time_point never = Clock::time_point::max();

TEST(Resolver, TheSystemKnowsThisMachine) {
    SystemResolver resolver;
    const Result<Addresses> addresses =
        resolver.resolve("localhost", Clock::now() + std::chrono::hours{1}, {});
    ASSERT_TRUE(addresses) << addresses.error().message;
    for (const IpAddress& address : *addresses) EXPECT_FALSE(is_public(address));
}

TEST(Resolver, AnUnknownNameIsUnreachable) {
    SystemResolver resolver([](const std::string&) -> Result<Addresses> {
        return fail(ErrorCode::unreachable, "nobody");
    });
    EXPECT_EQ(resolver.resolve("a", never, {}).error().code, ErrorCode::unreachable);
}

TEST(Resolver, AMissingAnswerIsGivenUpAtTheDeadlineAndHoldsUpNobody) {
    Gate gate;
    gate.shut();
    SystemResolver resolver([&](const std::string& host) -> Result<Addresses> {
        if (host == "slow") gate.pass();
        return Addresses{ip_v4(1)};
    });
    EXPECT_EQ(resolver.resolve("slow", Clock::now(), {}).error().code, ErrorCode::too_slow);
    EXPECT_TRUE(resolver.resolve("quick", never, {}));
    gate.open();
}

TEST(Resolver, AStopEndsTheWait) {
    Gate gate;
    gate.shut();
    SystemResolver resolver([&](const std::string&) -> Result<Addresses> {
        gate.pass();
        return Addresses{ip_v4(1)};
    });
    std::stop_source stop;
    std::future<ErrorCode> waiting = std::async(std::launch::async, [&] {
        return resolver.resolve("slow", never, stop.get_token()).error().code;
    });
    gate.await();
    stop.request_stop();
    EXPECT_EQ(waiting.get(), ErrorCode::cancelled);
    gate.open();
}

TEST(Resolver, ALookupGivenUpBeforeItsTurnIsNeverMade) {
    Gate gate;
    gate.shut();
    std::atomic<int> asked = 0;
    {
        SystemResolver resolver([&](const std::string&) -> Result<Addresses> {
            ++asked;
            gate.pass();
            return Addresses{ip_v4(1)};
        });
        for (int i = 0; i < 100; ++i) EXPECT_FALSE(resolver.resolve("slow", Clock::now(), {}));
        gate.open();
    }
    EXPECT_LE(asked, 64);  // the threads of the pool
}

TEST(Resolver, TheSlowNamesOfOneJobLeaveThreadsForOthers) {
    Gate gate;
    gate.shut();
    SystemResolver resolver([&](const std::string& host) -> Result<Addresses> {
        if (host == "slow") gate.pass();
        return Addresses{ip_v4(1)};
    });
    constexpr int several_jobs = 3 * SlotLimits{}.of_a_job_max;
    for (int i = 0; i < several_jobs; ++i)
        EXPECT_EQ(resolver.resolve("slow", Clock::now(), {}).error().code, ErrorCode::too_slow);
    EXPECT_TRUE(resolver.resolve("quick", never, {}));
    gate.open();
}

}  // namespace
}  // namespace vignette
