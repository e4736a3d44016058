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

std::string tenant_of(const std::string& key) {
    ServedRequest request;
    request.fields.push_back({"x-api-key", key});
    return ApiKeys::tenant_of(request);
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
          guards{
              .keys =
                  ApiKeys::read({.list = "secret, slow", .file = "slow rate=1"}, {.list = "admin"}).value(),
              .cors = Cors::read("https://page.example").value()
          },
          server(WebServer::start({}, web_handlers(services, guards)).value()) {}
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
    Guards guards;
    std::unique_ptr<WebServer> server;
};

TEST_F(GuardedServer, EveryRouteAsksForTheKeyItNeeds) {
    for (const Route& route : routes()) {
        SCOPED_TRACE(std::string(route.method) + " " + std::string(route.path));
        for (const char* fields : {"", "Authorization: Bearer wrong\r\n", "x-api-key: wrong\r\n"}) {
            const RawAnswer answer = ask(route.method, example(route.path), fields);
            if (route.access == Access::open) {
                EXPECT_NE(answer.status, 401);
            } else {
                EXPECT_EQ(answer.status, 401);
                EXPECT_TRUE(answer.has("WWW-Authenticate: Bearer"));
                EXPECT_TRUE(answer.body.starts_with("{"));
            }
        }
        const int client = ask(route.method, example(route.path), "Authorization: Bearer secret\r\n").status;
        EXPECT_EQ(client == 403, route.access == Access::admin);
        EXPECT_NE(client, 401);
        const int admin = ask(route.method, example(route.path), "Authorization: Bearer admin\r\n").status;
        EXPECT_TRUE(admin != 401 && admin != 403) << admin;
    }
}

std::set<std::string_view> paths_of(Access access) {
    std::set<std::string_view> paths;
    for (const Route& route : routes())
        if (route.access == access) paths.insert(route.path);
    return paths;
}

TEST_F(GuardedServer, OnlyTheseAreOpen) {
    const std::set<std::string_view> whether_it_lives{"/health", "/livez", "/ping", "/readyz"};
    std::set<std::string_view> expected{
        "/",        "/docs", "/docs.js", "/openapi.json", "/playground.css", "/playground.js", "/snippets.js",
        "/boxes.js"
    };  // the same for everybody; they ask for the key
    expected.insert(whether_it_lives.begin(), whether_it_lives.end());
    EXPECT_EQ(paths_of(Access::open), expected);
    EXPECT_EQ(
        paths_of(Access::admin), (std::set<std::string_view>{"/metrics", "/v2/{endpoint}/purge-queue"})
    );
}

TEST_F(GuardedServer, WhatIsNotThereIsSaidInTheWordsOfWhoeverAsks) {
    EXPECT_EQ(ask("GET", "/nothing").status, 404);
    EXPECT_TRUE(ask("GET", "/v2/e/nothing").body.starts_with(R"({"error":")"));
    EXPECT_TRUE(ask("GET", "/nothing").body.contains(R"("code":"not_found")"));
    const RawAnswer other = ask("GET", "/run");
    EXPECT_EQ(other.status, 405);
    EXPECT_TRUE(other.has("Allow: POST"));
}

TEST_F(GuardedServer, WhoAsksTooOftenIsToldWhenToAskAgainInItsOwnWords) {
    const std::string key = "x-api-key: slow\r\n";
    EXPECT_EQ(ask("GET", "/v2/e/health", key).status, 200);
    const RawAnswer refused = ask("GET", "/v2/e/health", key);
    EXPECT_EQ(refused.status, 429);
    EXPECT_TRUE(refused.head.contains("\r\nRetry-After: "));
    EXPECT_TRUE(refused.body.starts_with(R"({"error":"too many requests)")) << refused.body;
    EXPECT_TRUE(ask("POST", "/v1/embeddings", key).body.contains("rate_limit_error"));
    EXPECT_TRUE(ask("POST", "/v1/messages", key)
                    .body.contains(R"({"type":"error","error":{"type":"rate_limit_error")"));
    EXPECT_EQ(ask("GET", "/livez", key).status, 200);
}

TEST_F(GuardedServer, ATooLargeBodyIsRefusedInTheWordsOfItsRoute) {
    RawClient client(server->port());
    const RawAnswer answer = client.ask(
        "POST /v1/messages HTTP/1.1\r\nHost: h\r\nx-api-key: secret\r\nContent-Length: 99999999\r\n\r\n"
    );
    EXPECT_EQ(answer.status, 413);
    EXPECT_TRUE(answer.body.contains("request_too_large")) << answer.body;
}

TEST_F(GuardedServer, WhatIsRefusedEarlyIsCountedByRoute) {
    ask("GET", "/nothing/here");
    ask("GET", "/nothing/there");
    ask("DELETE", "/run");
    ask("POST", "/run");
    ask("GET", "/metrics", "x-api-key: secret\r\n");
    ask("GET", "/status/x", "x-api-key: slow\r\n");
    ask("GET", "/status/x", "x-api-key: slow\r\n");
    RawClient large(server->port());
    large.ask("POST /run HTTP/1.1\r\nHost: h\r\nx-api-key: secret\r\nContent-Length: 99999999\r\n\r\n");
    RawClient broken(server->port());
    broken.ask("nonsense\r\n\r\n");
    const std::string text = ask("GET", "/metrics", "x-api-key: admin\r\n").body;
    const auto counted = [&](const std::string& labels, int times) {
        return text.contains("vignette_requests_total{" + labels + "} " + std::to_string(times) + "\n");
    };
    EXPECT_TRUE(counted(R"(route="none",status="404")", 2)) << text;
    EXPECT_TRUE(counted(R"(route="none",status="405")", 1)) << text;
    EXPECT_TRUE(counted(R"(route="/run",status="401")", 1)) << text;
    EXPECT_TRUE(counted(R"(route="/metrics",status="403")", 1)) << text;
    EXPECT_TRUE(counted(R"(route="/status/{id}",status="429")", 1)) << text;
    EXPECT_TRUE(counted(R"(route="/run",status="413")", 1)) << text;
    EXPECT_TRUE(counted(R"(route="none",status="400")", 1)) << text;
    EXPECT_FALSE(text.contains("nothing"));
}

TEST_F(GuardedServer, ABrowserMayAskFirstWithoutAKeyAndReadRefusals) {
    const std::string page = "Origin: https://page.example\r\n";
    const RawAnswer preflight =
        ask("OPTIONS", "/v1/chat/completions",
            page + "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization\r\n"
        );
    EXPECT_EQ(preflight.status, 204);
    EXPECT_TRUE(preflight.has("Access-Control-Allow-Origin: https://page.example"));
    EXPECT_TRUE(preflight.has("Access-Control-Allow-Headers: authorization"));
    EXPECT_TRUE(preflight.has("Vary: Origin"));
    EXPECT_EQ(ask("OPTIONS", "/run", page).status, 405);
    for (const char* path : {"/health", "/v1/models", "/nothing"}) {  // 200, 401, 404
        EXPECT_TRUE(ask("GET", path, page).has("Access-Control-Allow-Origin: https://page.example")) << path;
        const RawAnswer other = ask("GET", path, "Origin: https://other.example\r\n");
        EXPECT_FALSE(other.head.contains("Access-Control")) << path;
        EXPECT_TRUE(other.has("Vary: Origin")) << path;
    }
}

TEST_F(GuardedServer, AJobIsKnownOnlyToTheKeyThatHandedItIn) {
    services.jobs_apart = true;
    const std::string own = "x-api-key: secret\r\n", others = "x-api-key: admin\r\n";
    std::string id;
    store.submit(
        R"({"input": {"image_url": "http://h/a.png"}})", Submitted::to_poll, tenant_of("secret"),
        [&](const Result<std::string>& accepted) { id = accepted.value(); }
    );
    const std::string path = "/v2/e/";
    for (const char* what : {"status/", "status-sync/", "stream/"})
        EXPECT_EQ(ask("GET", path + what + id, others).status, 404) << what;
    for (const char* what : {"retry/", "cancel/"})
        EXPECT_EQ(ask("POST", path + what + id, others).status, 404) << what;
    EXPECT_TRUE(ask("GET", path + "status/" + id, own).body.contains("IN_QUEUE"));
    EXPECT_EQ(ask("POST", path + "cancel/" + id, own).status, 200);
    EXPECT_EQ(ask("POST", path + "retry/" + id, own).status, 400);  // it has not failed
    for (const char* what : {"status/", "status-sync/", "stream/"})
        EXPECT_EQ(ask("GET", path + what + id, own).status, 200) << what;
    services.sdk_routes = true;
    for (const char* what : {"/status/", "/stream/"}) {
        EXPECT_TRUE(ask("POST", what + id, others).body.contains("Job ID not found")) << what;
        EXPECT_FALSE(ask("POST", what + id, own).body.contains("Job ID not found")) << what;
    }
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
