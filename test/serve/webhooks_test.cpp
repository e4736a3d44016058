#include "serve/webhooks.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "fakes/http_server.h"

namespace vignette {
namespace {

using namespace std::chrono_literals;

constexpr auto in_time = [] { return std::chrono::steady_clock::now() + 20s; };

FetchRules private_rules() {
    FetchRules rules;
    rules.may_dial = [](const IpAddress&) { return true; };
    rules.hosts.ports.clear();
    return rules;
}

// Its deadlines end first, whatever still waits for another try.
struct Told {
    explicit Told(Webhooks::Options options, FetchRules rules = private_rules())
        : webhooks(std::move(rules), deadlines, std::move(options)) {}
    ~Told() { deadlines.stop(); }
    Told(const Told&) = delete;
    Told& operator=(const Told&) = delete;

    Deadlines deadlines;
    Webhooks webhooks;
};

TEST(Webhooks, OneThatListensIsToldOnce) {
    const HttpServer server([](const HeardRequest&) { return ServerAnswer{.status = 204}; });
    Told told({.pauses = {1ms, 1ms}});
    told.webhooks.post("job", server.url("/hook"), R"({"status":"COMPLETED"})");
    EXPECT_TRUE(told.webhooks.wait_until_quiet(in_time()));
    ASSERT_EQ(server.heard().size(), 1U);
    EXPECT_EQ(server.heard()[0].body, R"({"status":"COMPLETED"})");
}

TEST(Webhooks, OneThatFailsIsToldAgain) {
    std::atomic<int> asked = 0;
    const HttpServer server([&](const HeardRequest&) {
        return ServerAnswer{.status = ++asked < 3 ? 500 : 200};
    });
    Told told({.pauses = {1ms, 1ms}});
    told.webhooks.post("job", server.url(), "{}");
    server.wait_for(3);
    EXPECT_EQ(server.heard()[2].body, "{}");
}

TEST(Webhooks, NobodyIsToldMoreThanThreeTimes) {
    const HttpServer deaf([](const HeardRequest&) { return ServerAnswer{.status = 503}; });
    const HttpServer good([](const HeardRequest&) { return ServerAnswer{}; });
    Told told({.pauses = {1ms, 1ms}, .bytes_max = 2});
    told.webhooks.post("job", deaf.url(), "{}");
    told.webhooks.post("job", good.url(), "{}");  // no room until the first is given up
    deaf.wait_for(3);
    while (good.heard().empty()) {
        told.webhooks.post("job", good.url(), "{}");
        std::this_thread::yield();
    }
    EXPECT_EQ(deaf.heard().size(), 3U);
}

TEST(Webhooks, APrivateAddressIsNotTriedAtAll) {
    const HttpServer server([](const HeardRequest&) { return ServerAnswer{}; });
    FetchRules rules = private_rules();
    rules.may_dial = is_public;
    Told told({.pauses = {1ms, 1ms}}, rules);
    testing::internal::CaptureStderr();
    told.webhooks.post("job", server.url("/secret"), "{}");
    EXPECT_TRUE(told.webhooks.wait_until_quiet(in_time()));
    const std::string log = testing::internal::GetCapturedStderr();
    EXPECT_EQ(server.connections(), 0);
    EXPECT_FALSE(log.contains("secret")) << log;
}

TEST(Webhooks, SoManyAtOnceAreOnTheirWay) {
    const HttpServer silent([](const HeardRequest&) {
        return ServerAnswer{.way = ServerAnswer::Way::silence};
    });
    Told told({.pauses = {}, .at_once_max = 2});
    for (int i = 0; i < 5; ++i) told.webhooks.post("job", silent.url(), "{}");
    silent.wait_for(2);
    EXPECT_FALSE(told.webhooks.wait_until_quiet(std::chrono::steady_clock::now() + 50ms));
    EXPECT_EQ(silent.heard().size(), 2U);
}

}  // namespace
}  // namespace vignette
