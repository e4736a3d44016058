#include "net/fetch/sealed_fetcher.h"

#include <gtest/gtest.h>

#include <future>
#include <latch>

#include "core/stop.h"
#include "net/fetch/sealed_fixture.h"

namespace vignette {
namespace {

using namespace std::chrono_literals;
using Way = ServerAnswer::Way;
using Send = std::function<bool(std::string_view)>;

TEST(SealedFetcher, ThePictureAtAnAddressArrivesByteForByte) {
    const std::string picture = std::string("a\0b", 3) + std::string(300'000, 'x');
    const HttpServer server(always({.body = picture, .headers = "Content-Type: text/html\r\n"}), open);
    SealedFetcher fetcher(rules_of_the_test(), names_at_the_open_place());
    EXPECT_EQ(text_of(fetch(fetcher, server.url("/cat.jpg?size=1#part"))), picture);
    const HeardRequest heard = server.heard().at(0);
    EXPECT_EQ(heard.method, "GET");
    EXPECT_EQ(heard.target, "/cat.jpg?size=1");
    EXPECT_EQ(heard.headers.at("user-agent"), "Vignette/" VIGNETTE_VERSION);
    EXPECT_EQ(heard.headers.at("accept-encoding"), "identity");
    EXPECT_FALSE(heard.headers.contains("cookie"));
    EXPECT_FALSE(heard.headers.contains("authorization"));
}

TEST(SealedFetcher, TheHostIsNamedAlthoughItsIpAddressIsContacted) {
    const HttpServer server(always({.body = "x"}), open);
    SealedFetcher fetcher(rules_of_the_test(), names_at_the_open_place());
    const std::string port = std::to_string(server.port());
    EXPECT_EQ(text_of(fetch(fetcher, "http://Pictures.example.:" + port + "/")), "x");
    EXPECT_EQ(server.heard().at(0).headers.at("host"), "pictures.example:" + port);
}

TEST(SealedFetcher, OneConnectionServesManyFetches) {
    const HttpServer server(always({.body = "x"}), open);
    SealedFetcher fetcher(rules_of_the_test(), names_at_the_open_place());
    for (int i = 0; i < 20; ++i) EXPECT_EQ(text_of(fetch(fetcher, server.url())), "x");
    EXPECT_EQ(server.connections(), 1);
}

TEST(SealedFetcher, TheStatusSaysWhatWentWrong) {
    const std::vector<std::pair<int, ErrorCode>> expected{
        {204, ErrorCode::refused},     {206, ErrorCode::refused},     {304, ErrorCode::refused},
        {300, ErrorCode::refused},     {400, ErrorCode::refused},     {401, ErrorCode::refused},
        {403, ErrorCode::refused},     {451, ErrorCode::refused},     {404, ErrorCode::not_found},
        {410, ErrorCode::not_found},   {408, ErrorCode::unreachable}, {429, ErrorCode::unreachable},
        {500, ErrorCode::unreachable}, {503, ErrorCode::unreachable},
    };
    SealedFetcher fetcher(rules_of_the_test(), names_at_the_open_place());
    for (const auto& [status, code] : expected) {
        const HttpServer server(always({.status = status}), open);
        const Result<Bytes> outcome = fetch(fetcher, server.url());
        ASSERT_FALSE(outcome) << status;
        EXPECT_EQ(outcome.error().code, code) << status;
        EXPECT_EQ(outcome.error().message.find("127.0"), std::string::npos) << outcome.error().message;
        EXPECT_EQ(server.heard().size(), code == ErrorCode::unreachable ? 3 : 1) << status;
    }
}

TEST(SealedFetcher, TransientFailuresAreRetried) {
    for (const ServerAnswer& first :
         {ServerAnswer{.status = 503}, ServerAnswer{.status = 429, .headers = "Retry-After: 0\r\n"},
          ServerAnswer{.way = Way::reset}, ServerAnswer{.body = std::string(1000, 'x'), .way = Way::half}}) {
        std::atomic<int> asked = 0;
        const HttpServer server(
            [&](const HeardRequest&) { return asked++ < 2 ? first : ServerAnswer{.body = "picture"}; }, open
        );
        SealedFetcher fetcher(rules_of_the_test(), names_at_the_open_place());
        EXPECT_EQ(text_of(fetch(fetcher, server.url())), "picture");
        EXPECT_EQ(asked, 3);
    }
}

TEST(SealedFetcher, RetriesAreCountedOverAllStepsOfAFetch) {
    std::atomic<int> asked = 0;
    const HttpServer server(
        [&](const HeardRequest& request) {
            ++asked;
            if (request.target == "/1" && asked == 3)
                return ServerAnswer{.status = 302, .headers = "Location: /2\r\n"};
            return ServerAnswer{.status = 503};
        },
        open
    );
    SealedFetcher fetcher(rules_of_the_test(), names_at_the_open_place());
    EXPECT_EQ(fetch(fetcher, server.url("/1")).error().code, ErrorCode::unreachable);
    EXPECT_EQ(asked, 4);
}

TEST(SealedFetcher, ALongRetryAfterIsNotWaitedFor) {
    const HttpServer server(always({.status = 429, .headers = "Retry-After: 3600\r\n"}), open);
    SealedFetcher fetcher(rules_of_the_test(), names_at_the_open_place());
    EXPECT_EQ(fetch(fetcher, server.url()).error().code, ErrorCode::unreachable);
    EXPECT_EQ(server.heard().size(), 1U);
}

TEST(SealedFetcher, ARefusedConnectionIsUnreachable) {
    std::string url;
    {
        url = HttpServer(always({}), open).url();
    }
    SealedFetcher fetcher(rules_of_the_test(), names_at_the_open_place());
    const Result<Bytes> outcome = fetch(fetcher, url);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::unreachable);
    EXPECT_EQ(outcome.error().message.find("127."), std::string::npos);
}

TEST(SealedFetcher, AnUnknownHostIsUnreachable) {
    SealedFetcher fetcher(
        rules_of_the_test(),
        std::make_unique<ScriptedResolver>([](const std::string&) -> Result<Resolver::Addresses> {
            return fail(ErrorCode::unreachable, "not known");
        })
    );
    EXPECT_EQ(fetch(fetcher, "http://nobody.example/").error().code, ErrorCode::unreachable);
}

TEST(SealedFetcher, ASilentServerIsTooSlow) {
    const HttpServer server(always({.way = Way::silence}), open);
    FetchRules rules = rules_of_the_test();
    rules.deadline = 100ms;
    SealedFetcher fetcher(rules, names_at_the_open_place());
    EXPECT_EQ(fetch(fetcher, server.url()).error().code, ErrorCode::too_slow);
}

// Each byte arrives in time, the whole never does.
TEST(SealedFetcher, ASlowDripIsCutOffAtTheDeadline) {
    std::promise<void> hung_up;
    const HttpServer server(
        [&](const HeardRequest&) {
            return ServerAnswer{.by_hand = [&](const Send& send) {
                bool there = send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
                while (there) there = wait_for(5ms, {}) && send("x");
                hung_up.set_value();
            }};
        },
        open
    );
    FetchRules rules = rules_of_the_test();
    rules.deadline = 200ms;
    SealedFetcher fetcher(rules, names_at_the_open_place());
    EXPECT_EQ(fetch(fetcher, server.url()).error().code, ErrorCode::too_slow);
    hung_up.get_future().get();
}

TEST(SealedFetcher, ARateBelowTheMinimumIsTooSlowLongBeforeTheDeadline) {
    const HttpServer server(
        [&](const HeardRequest&) {
            return ServerAnswer{.by_hand = [&](const Send& send) {
                bool there = send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
                while (there) there = wait_for(20ms, {}) && send("x");
            }};
        },
        open
    );
    FetchRules rules = rules_of_the_test();
    rules.deadline = 1h;  // so that only the rate can end it
    rules.slow_for_max = 1s;
    SealedFetcher fetcher(rules, names_at_the_open_place());
    EXPECT_EQ(fetch(fetcher, server.url()).error().code, ErrorCode::too_slow);
}

TEST(SealedFetcher, AStopEndsAFetchAtOnce) {
    const HttpServer server(
        [&](const HeardRequest&) {
            return ServerAnswer{.by_hand = [](const Send& send) {
                send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nhalf");
                while (wait_for(5ms, {}) && send("x")) {
                }
            }};
        },
        open
    );
    FetchRules rules = rules_of_the_test();
    rules.deadline = 1h;
    rules.slow_for_max = 1h;
    SealedFetcher fetcher(rules, names_at_the_open_place());
    std::stop_source stop;
    std::future<Result<Bytes>> outcome = std::async(std::launch::async, [&] {
        return fetcher.fetch({.url = server.url(), .bytes_max = 1 * MiB, .job = {}}, stop.get_token());
    });
    server.wait_for(1);
    stop.request_stop();
    EXPECT_EQ(outcome.get().error().code, ErrorCode::cancelled);
}

TEST(SealedFetcher, AStopBeforeTheStartContactsNobody) {
    const HttpServer server(always({}), open);
    SealedFetcher fetcher(rules_of_the_test(), names_at_the_open_place());
    std::stop_source stop;
    stop.request_stop();
    const Result<Bytes> outcome =
        fetcher.fetch({.url = server.url(), .bytes_max = 1, .job = {}}, stop.get_token());
    EXPECT_EQ(outcome.error().code, ErrorCode::cancelled);
    EXPECT_EQ(server.connections(), 0);
}

TEST(SealedFetcher, RedirectsAreFollowedUpToTheirLimit) {
    const HttpServer server(
        [](const HeardRequest& request) {
            const int step = std::stoi(request.target.substr(1));
            if (step == 0) return ServerAnswer{.body = "picture"};
            return ServerAnswer{
                .status = 302,
                .body = std::string(500, 'x'),
                .headers = "Location: /" + std::to_string(step - 1) + "\r\n"
            };
        },
        open
    );
    SealedFetcher fetcher(rules_of_the_test(), names_at_the_open_place());
    EXPECT_EQ(text_of(fetch(fetcher, server.url("/5"))), "picture");
    EXPECT_EQ(server.connections(), 1);
    const Result<Bytes> outcome = fetch(fetcher, server.url("/6"));
    EXPECT_EQ(outcome.error().code, ErrorCode::refused);
    EXPECT_EQ(server.heard().size(), 12U);
}

TEST(SealedFetcher, AHostsHeaderGoesOnlyToThatHost) {
    const HttpServer other(always({.body = "picture"}), open);
    const HttpServer server(
        always(
            {.status = 302,
             .headers = "Location: http://other.example:" + std::to_string(other.port()) + "/\r\n"}
        ),
        open
    );
    FetchRules rules = rules_of_the_test();
    rules.hosts.headers.push_back(*parse_host_header("*.mine.example=X-Key: secret"));
    SealedFetcher fetcher(rules, names_at_the_open_place());
    const std::string url = "http://cdn.mine.example:" + std::to_string(server.port()) + "/";
    EXPECT_EQ(text_of(fetch(fetcher, url)), "picture");
    EXPECT_EQ(server.heard().at(0).headers.at("x-key"), "secret");
    EXPECT_FALSE(other.heard().at(0).headers.contains("x-key"));
}

TEST(SealedFetcher, UnchangedContentIsNotSentAgain) {
    const HttpServer server(
        [](const HeardRequest& request) {
            const auto tag = request.headers.find("if-none-match");
            if (tag != request.headers.end() && tag->second == "\"v1\"") {
                return ServerAnswer{.by_hand = [](const Send& send) { send("HTTP/1.1 304 Same\r\n\r\n"); }};
            }
            return ServerAnswer{.body = "picture", .headers = "ETag: \"v1\"\r\n"};
        },
        open
    );
    SealedFetcher fetcher(rules_of_the_test(), names_at_the_open_place());
    for (int i = 0; i < 3; ++i) EXPECT_EQ(text_of(fetch(fetcher, server.url())), "picture");
    EXPECT_EQ(fetcher.bytes_received(), 7U);
    EXPECT_EQ(fetch(fetcher, server.url(), 6).error().code, ErrorCode::too_large);
}

TEST(SealedFetcher, ChangedContentIsFetchedAgain) {
    std::atomic<int> version = 0;
    const HttpServer server(
        [&](const HeardRequest& request) {
            EXPECT_EQ(request.headers.contains("if-modified-since"), version > 0);
            return ServerAnswer{
                .body = std::to_string(version++),
                .headers = "Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT\r\n"
            };
        },
        open
    );
    SealedFetcher fetcher(rules_of_the_test(), names_at_the_open_place());
    for (const char* expected : {"0", "1", "2"}) EXPECT_EQ(text_of(fetch(fetcher, server.url())), expected);
}

TEST(SealedFetcher, ContentThatMustNotBeKeptIsNot) {
    for (const char* headers :
         {"Cache-Control: no-store\r\n", "Cache-Control: max-age=9, Private\r\n", "Vary: *\r\n"}) {
        const HttpServer server(
            always({.body = "x", .headers = std::string("ETag: \"v1\"\r\n") + headers}), open
        );
        SealedFetcher fetcher(rules_of_the_test(), names_at_the_open_place());
        for (int i = 0; i < 2; ++i) EXPECT_EQ(text_of(fetch(fetcher, server.url())), "x");
        EXPECT_FALSE(server.heard().at(1).headers.contains("if-none-match")) << headers;
    }
}

TEST(SealedFetcher, TheFetchesOfAJobAndOfAHostAreLimited) {
    std::atomic<int> now = 0;
    std::atomic<int> most = 0;
    std::atomic<int> arrived = 0;
    std::latch two(2);
    const HttpServer server(
        [&](const HeardRequest&) {
            const int here = ++now;
            int seen = most;
            while (seen < here && !most.compare_exchange_weak(seen, here)) {
            }
            if (arrived++ < 2) two.arrive_and_wait();  // the limit is really used, not only one slot
            --now;
            return ServerAnswer{.body = "x"};
        },
        open
    );
    FetchRules rules = rules_of_the_test();
    rules.slots = {.fetches_max = 64, .of_a_job_max = 2, .of_a_host_max = 64};
    SealedFetcher fetcher(rules, names_at_the_open_place());
    std::vector<std::future<Result<Bytes>>> outcomes;
    outcomes.reserve(24);
    for (int i = 0; i < 24; ++i) {
        outcomes.push_back(std::async(std::launch::async, [&] { return fetch(fetcher, server.url()); }));
    }
    for (std::future<Result<Bytes>>& outcome : outcomes) EXPECT_EQ(text_of(outcome.get()), "x");
    EXPECT_EQ(most, 2);
}

TEST(SealedFetcher, OnlyListedHostsAndPortsAreContacted) {
    const HttpServer server(always({.body = "x"}), open);
    FetchRules rules = rules_of_the_test();
    rules.hosts.allowed = {*parse_host_pattern("*.good.example")};
    rules.hosts.denied = {*parse_host_pattern("bad.good.example")};
    rules.hosts.ports = {static_cast<std::uint16_t>(server.port())};
    SealedFetcher fetcher(rules, names_at_the_open_place());
    const std::string end = ".good.example:" + std::to_string(server.port()) + "/";
    EXPECT_EQ(text_of(fetch(fetcher, "http://a" + end)), "x");
    EXPECT_EQ(fetch(fetcher, "http://bad" + end).error().code, ErrorCode::forbidden_address);
    EXPECT_EQ(fetch(fetcher, server.url()).error().code, ErrorCode::forbidden_address);
    EXPECT_EQ(fetch(fetcher, "http://a.good.example/").error().code, ErrorCode::forbidden_address);
    EXPECT_EQ(server.connections(), 1);
}

TEST(SealedFetcher, ADeniedAddressIsNotContactedUnderAName) {
    const HttpServer server(always({.body = "picture"}), "127.0.0.2");
    FetchRules rules = rules_of_the_test();
    rules.hosts.denied = {*parse_host_pattern("127.0.0.2")};
    SealedFetcher fetcher(std::move(rules), names_at_the_open_place());
    const std::string url = "http://a.example:" + std::to_string(server.port()) + "/";
    EXPECT_EQ(fetch(fetcher, url).error().code, ErrorCode::forbidden_address);
    EXPECT_TRUE(server.heard().empty());
}

}  // namespace
}  // namespace vignette
