#include "net/fetch/resolver.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <vector>

#include "fakes/gate.h"
#include "fakes/name_server.h"

namespace vignette {
namespace {

using Clock = Resolver::Clock;
using Addresses = Resolver::Addresses;
using Code = NameServer::Code;
using Kind = NameServer::Kind;
using Reply = NameServer::Reply;

constexpr Clock::time_point never = Clock::time_point::max();
const std::vector<std::uint8_t> four{192, 0, 2, 7};
const std::vector<std::uint8_t> six{0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9};

Reply only_four(Kind kind) {
    if (kind == Kind::a) return {.addresses = {four}};
    return {};
}

ErrorCode code_of(const Result<Addresses>& answer) {
    return answer ? ErrorCode::internal : answer.error().code;
}

TEST(Resolver, TheSystemKnowsThisMachine) {
    SystemResolver resolver;
    const Result<Addresses> addresses =
        resolver.resolve("localhost", Clock::now() + std::chrono::hours{1}, {});
    ASSERT_TRUE(addresses) << addresses.error().message;
    for (const IpAddress& address : *addresses) EXPECT_FALSE(is_public(address));
}

TEST(Resolver, AllAddressesOfANameAreFound) {
    const NameServer server([](const std::string& name, Kind kind) -> Reply {
        EXPECT_EQ(name, "pictures.example");
        return {.addresses = {kind == Kind::a ? four : six}};
    });
    const Result<Addresses> addresses =
        SystemResolver(server.address()).resolve("pictures.example", never, {});
    ASSERT_TRUE(addresses) << addresses.error().message;
    ASSERT_EQ(addresses->size(), 2U);
    EXPECT_NE(std::ranges::find(*addresses, ip_v4(0xC0000207)), addresses->end());
}

TEST(Resolver, AnUnknownNameAndOneWithoutAddressesAreUnreachable) {
    const NameServer server([](const std::string& name, Kind) {
        return Reply{.code = name == "bare.example" ? Code::fine : Code::unknown_name, .addresses = {}};
    });
    SystemResolver resolver(server.address());
    EXPECT_EQ(code_of(resolver.resolve("nobody.example", never, {})), ErrorCode::unreachable);
    EXPECT_EQ(code_of(resolver.resolve("bare.example", never, {})), ErrorCode::unreachable);
}

TEST(Resolver, AServerThatFailsOrIsGoneIsWorthAnotherTry) {
    const NameServer server([](const std::string&, Kind) { return Reply{.code = Code::server_failure}; });
    const Result<Addresses> failed = SystemResolver(server.address()).resolve("a.example", never, {});
    EXPECT_EQ(code_of(failed), ErrorCode::unreachable);
    EXPECT_TRUE(failed.error().message.contains("try again")) << failed.error().message;
    const Result<Addresses> gone = SystemResolver("127.0.0.1:1").resolve("a.example", never, {});
    EXPECT_EQ(code_of(gone), ErrorCode::unreachable);
    EXPECT_TRUE(gone.error().message.contains("try again")) << gone.error().message;
}

TEST(Resolver, AMissingAnswerIsGivenUpAtTheDeadline) {
    const NameServer server([](const std::string&, Kind) { return Reply{.code = Code::silent}; });
    SystemResolver resolver(server.address());
    EXPECT_EQ(code_of(resolver.resolve("slow.example", Clock::now(), {})), ErrorCode::too_slow);
    const auto soon = Clock::now() + std::chrono::milliseconds{20};
    EXPECT_EQ(code_of(resolver.resolve("slow.example", soon, {})), ErrorCode::too_slow);
    EXPECT_GE(Clock::now(), soon);
}

TEST(Resolver, AnAnswerThatLiesAboutItselfIsNone) {
    const NameServer server([](const std::string&, Kind) {
        return Reply{.code = Code::garbage, .addresses = {four}};
    });
    EXPECT_NE(
        code_of(SystemResolver(server.address()).resolve("odd.example", never, {})), ErrorCode::internal
    );
}

TEST(Resolver, AStopEndsTheWait) {
    Gate asked;
    asked.shut();
    const NameServer server([&](const std::string&, Kind) {
        asked.pass();
        return Reply{.code = Code::silent};
    });
    std::stop_source stop;
    std::future<ErrorCode> waiting = std::async(std::launch::async, [&] {
        return code_of(SystemResolver(server.address()).resolve("slow.example", never, stop.get_token()));
    });
    asked.await();
    stop.request_stop();
    EXPECT_EQ(waiting.get(), ErrorCode::cancelled);
    asked.open();
}

TEST(Resolver, NamesThatNobodyAnswersHoldUpNobody) {
    constexpr int slow_names = 100;
    std::atomic<int> asked = 0;
    Gate all_asked;
    all_asked.shut();
    const NameServer server([&](const std::string& name, Kind kind) {
        if (name == "quick.example") return only_four(kind);
        if (kind == Kind::a && ++asked == slow_names) all_asked.pass();
        return Reply{.code = Code::silent};
    });
    SystemResolver resolver(server.address());
    std::stop_source stop;
    std::vector<std::future<Result<Addresses>>> waiting;
    for (int i = 0; i < slow_names; ++i)
        waiting.push_back(std::async(std::launch::async, [&] {
            return resolver.resolve("slow.example", never, stop.get_token());
        }));
    all_asked.await();
    all_asked.open();
    EXPECT_TRUE(resolver.resolve("quick.example", never, {}));
    stop.request_stop();
    for (auto& one : waiting) EXPECT_EQ(code_of(one.get()), ErrorCode::cancelled);
}

}  // namespace
}  // namespace vignette
