#include "serve/routes/routes.h"

#include <gtest/gtest.h>

#include <set>

#include "net/server/raw_client.h"
#include "net/server/web_server.h"
#include "serve/front.h"
#include "serve/job_store.h"

namespace vignette {
namespace {

std::string example(std::string_view pattern) {
    std::string path;
    bool in_braces = false;
    for (const char c : pattern) {
        if (c == '{') path += "any";
        in_braces = (in_braces || c == '{') && c != '}';
        if (!in_braces && c != '}') path += c;
    }
    return path;
}

TEST(Routes, NoTwoAreTheSame) {
    std::set<std::pair<std::string_view, std::string_view>> seen;
    for (const Route& route : routes()) {
        EXPECT_TRUE(seen.insert({route.method, route.path}).second) << route.method << " " << route.path;
        EXPECT_FALSE(route.summary.empty()) << route.path;
        EXPECT_NE(route.handle, nullptr) << route.path;
    }
}

TEST(Routes, EachIsFoundByItsOwnPath) {
    for (const Route& route : routes()) {
        const Match match = find_route(route.method, example(route.path));
        EXPECT_EQ(match.route, &route) << route.method << " " << route.path;
    }
}

TEST(Routes, APartIsWhatStandsInItsPlace) {
    const Match match = find_route("GET", "/v2/my%20endpoint/status/a%2Fb");
    ASSERT_NE(match.route, nullptr);
    EXPECT_EQ(match.parts, (std::vector<std::string>{"my endpoint", "a/b"}));
}

TEST(Routes, APathThatIsNearlyOneIsNone) {
    for (const char* path :
         {"", "//", "ping", "/ping/", "/pin", "/pings", "//ping", "/PING", "/v2/e/status", "/v2/e/status/",
          "/v2//status/id", "/v2/e/status/id/more", "/v2/e/status/%zz", "/v2/e//health", "*"})
        EXPECT_EQ(find_route("GET", path).route, nullptr) << path;
    EXPECT_TRUE(find_route("DELETE", "/ping").other_method);
    EXPECT_EQ(find_route("HEAD", "/ping").route, find_route("GET", "/ping").route);
}

class GuardedServer : public testing::Test {
protected:
    GuardedServer()
        : desk({}),
          store(desk, deadlines, {.worker = {.hostname = "h", .worker_id = "w"}, .post_webhook = {}}),
          services{
              .limits = {},
              .desk = desk,
              .store = store,
              .deadlines = deadlines,
              .metrics = metrics,
              .models = {}
          },
          keys(ApiKeys::read("secret", "").value()),
          server(WebServer::start({}, web_handlers(services, keys)).value()) {}
    ~GuardedServer() override { deadlines.stop(); }

    RawAnswer ask(std::string_view method, std::string_view path, const std::string& fields = {}) const {
        RawClient client(server->port());
        return client.ask(
            std::string(method) + " " + std::string(path) + " HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n" +
            fields + "\r\n"
        );
    }

    Metrics metrics;
    Deadlines deadlines;
    JobDesk desk;
    JobStore store;
    Services services;
    ApiKeys keys;
    std::unique_ptr<WebServer> server;
};

TEST_F(GuardedServer, EveryRouteAsksForAKeyUnlessItIsOpen) {
    for (const Route& route : routes()) {
        SCOPED_TRACE(std::string(route.method) + " " + std::string(route.path));
        for (const char* fields : {"", "Authorization: Bearer wrong\r\n", "x-api-key: wrong\r\n"}) {
            const RawAnswer answer = ask(route.method, example(route.path), fields);
            if (route.access == Access::key) {
                EXPECT_EQ(answer.status, 401);
                EXPECT_TRUE(answer.has("WWW-Authenticate: Bearer"));
                EXPECT_TRUE(answer.body.starts_with("{"));
            } else {
                EXPECT_NE(answer.status, 401);
            }
        }
        EXPECT_NE(ask(route.method, example(route.path), "Authorization: Bearer secret\r\n").status, 401);
    }
}

TEST_F(GuardedServer, OnlyTheseAreOpen) {
    std::set<std::string_view> open;
    for (const Route& route : routes())
        if (route.access == Access::open) open.insert(route.path);
    const std::set<std::string_view> whether_it_lives{"/health", "/livez", "/ping", "/readyz"};
    std::set<std::string_view> expected{
        "/",           "/docs", "/docs.js", "/openapi.json", "/playground.css", "/playground.js",
        "/snippets.js"
    };  // the same for everybody; they ask for the key
    expected.insert(whether_it_lives.begin(), whether_it_lives.end());
    EXPECT_EQ(open, expected);
}

TEST_F(GuardedServer, WhatIsNotThereIsSaidInTheWordsOfWhoeverAsks) {
    EXPECT_EQ(ask("GET", "/nothing").status, 404);
    EXPECT_TRUE(ask("GET", "/v2/e/nothing").body.starts_with(R"({"error":")"));
    EXPECT_TRUE(ask("GET", "/nothing").body.contains(R"("code":"not_found")"));
    const RawAnswer other = ask("GET", "/run");
    EXPECT_EQ(other.status, 405);
    EXPECT_TRUE(other.has("Allow: POST"));
}

TEST_F(GuardedServer, AWaitIsReadStrictly) {
    const std::string key = "Authorization: secret\r\n";
    for (const char* wait : {"", "999", "300001", "-1", "1e4", "5000ms", "99999999999999999999"})
        EXPECT_EQ(ask("GET", "/v2/e/status-sync/x?wait=" + std::string(wait), key).status, 400) << wait;
    EXPECT_EQ(ask("GET", "/v2/e/status-sync/x?other=1&wait=1000", key).status, 404);
    EXPECT_EQ(ask("GET", "/v2/e/status-sync/x?wait=300000", key).status, 404);
}

}  // namespace
}  // namespace vignette
