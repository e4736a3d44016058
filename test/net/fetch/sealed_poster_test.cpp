#include "net/fetch/sealed_poster.h"

#include <gtest/gtest.h>

#include <future>

#include "sealed_fixture.h"

namespace vignette {
namespace {

using namespace std::chrono_literals;

Result<int> post(SealedPoster& poster, const std::string& url, const std::string& json = "{}") {
    std::promise<Result<int>> told;
    poster.post(url, SharedText(json), [&](const Result<int>& status) { told.set_value(status); });
    return told.get_future().get();
}

ErrorCode refusal_of(SealedPoster& poster, const std::string& url) { return post(poster, url).error().code; }

HttpServer server_at(const char* place, ServerAnswer answer) {
    return HttpServer([answer](const HeardRequest&) { return answer; }, place);
}

TEST(SealedPoster, WhatIsPostedArrivesAsJson) {
    const HttpServer server = server_at("127.0.0.2", {.status = 202, .body = "fine"});
    FetchRules rules = rules_of_the_test();
    rules.hosts.headers.push_back(parse_host_header("127.0.0.2=Authorization: Bearer secret").value());
    SealedPoster poster(rules);
    const std::string json = R"({"a":")" + std::string(3 * MiB, 'x') + "\"}";
    EXPECT_EQ(post(poster, server.url("/hook?key=1"), json), 202);
    const HeardRequest heard = server.heard().at(0);
    EXPECT_EQ(heard.method, "POST");
    EXPECT_EQ(heard.target, "/hook?key=1");
    EXPECT_EQ(heard.headers.at("content-type"), "application/json");
    EXPECT_TRUE(heard.headers.at("user-agent").starts_with("Vignette/"));
    EXPECT_FALSE(heard.headers.contains("authorization"));
    EXPECT_FALSE(heard.headers.contains("expect"));
    EXPECT_EQ(heard.body, json);
}

TEST(SealedPoster, APrivateAddressIsNeverDialled) {
    const HttpServer server = server_at("127.0.0.1", {});
    const std::string port = ":" + std::to_string(server.port());
    SealedPoster poster(rules_of_the_test());
    for (const char* host :
         {"127.0.0.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "10.0.0.1"})
        EXPECT_EQ(
            refusal_of(poster, "http://" + std::string(host) + port + "/"), ErrorCode::forbidden_address
        ) << host;
    EXPECT_EQ(refusal_of(poster, "http://localhost" + port + "/"), ErrorCode::forbidden_address);
    EXPECT_EQ(refusal_of(poster, "file:///etc/passwd"), ErrorCode::forbidden_address);
    EXPECT_EQ(server.connections(), 0);
}

TEST(SealedPoster, ANameThatResolvesToAPrivateAddressToo) {
    const HttpServer server = server_at("127.0.0.1", {});
    SealedPoster poster(
        rules_of_the_test(),
        std::make_unique<ScriptedResolver>([](const std::string&) -> Result<Resolver::Addresses> {
            return ips({"127.0.0.2", "127.0.0.1"});
        })
    );
    EXPECT_EQ(
        refusal_of(poster, "http://mixed.example:" + std::to_string(server.port()) + "/"),
        ErrorCode::forbidden_address
    );
    EXPECT_EQ(server.connections(), 0);
}

TEST(SealedPoster, TheOperatorsRulesForHostsHold) {
    FetchRules rules = rules_of_the_test();
    rules.hosts.denied.push_back(parse_host_pattern("denied.example").value());
    rules.hosts.ports = {443};
    SealedPoster poster(rules, names_at_the_open_place());
    EXPECT_EQ(refusal_of(poster, "https://denied.example/"), ErrorCode::forbidden_address);
    EXPECT_EQ(refusal_of(poster, "http://other.example/"), ErrorCode::forbidden_address);
}

TEST(SealedPoster, ARedirectIsAnAnswerAndNotFollowed) {
    const HttpServer target = server_at("127.0.0.1", {});
    const HttpServer server =
        server_at("127.0.0.2", {.status = 307, .headers = "Location: " + target.url("/") + "\r\n"});
    SealedPoster poster(rules_of_the_test());
    EXPECT_EQ(post(poster, server.url("/")), 307);
    EXPECT_EQ(target.connections(), 0);
    EXPECT_EQ(server.heard().size(), 1U);
}

TEST(SealedPoster, ALongAnswerIsNotReadAndFailsNothing) {
    const HttpServer server = server_at("127.0.0.2", {.status = 200, .body = std::string(1 * MiB, 'x')});
    SealedPoster poster(rules_of_the_test());
    EXPECT_EQ(post(poster, server.url("/")), 200);
    EXPECT_EQ(post(poster, server.url("/")), 200);
}

TEST(SealedPoster, WhoeverDoesNotAnswerIsGivenUp) {
    const HttpServer server = server_at("127.0.0.2", {.way = ServerAnswer::Way::silence});
    FetchRules rules = rules_of_the_test();
    rules.deadline = 50ms;
    SealedPoster poster(rules);
    EXPECT_EQ(refusal_of(poster, server.url("/")), ErrorCode::too_slow);
}

TEST(SealedPoster, EndingTellsEveryone) {
    const HttpServer server = server_at("127.0.0.2", {.way = ServerAnswer::Way::silence});
    std::promise<Result<int>> told;
    {
        SealedPoster poster(rules_of_the_test());
        poster.post(server.url("/"), SharedText("{}"), [&](const Result<int>& status) {
            told.set_value(status);
        });
        server.wait_for(1);
    }
    EXPECT_EQ(told.get_future().get().error().code, ErrorCode::cancelled);
}

}  // namespace
}  // namespace vignette
