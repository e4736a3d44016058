#include "wire/dialects/endpoint.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace vignette {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

struct ReadBack {
    PaddedText text;
    Result<Submission> submission;
};

ReadBack read(std::string json) {
    PaddedText text(std::move(json));
    Result<Submission> submission = read_submission(text, {});
    return {std::move(text), std::move(submission)};
}

Error refusal_of(std::string json) { return read(std::move(json)).submission.error(); }

TEST(Endpoint, ASubmissionIsEverythingAboutAJob) {
    const ReadBack back = read(R"({"webhook":"https://a.example/h","input": {"a": [1, "}"]} ,"s3Config":{},
        "policy":{"executionTimeout":5000,"ttl":604800000,"lowPriority":true,"other":1}})");
    ASSERT_TRUE(back.submission) << back.submission.error().message;
    EXPECT_EQ(back.submission->input, R"({"a": [1, "}"]})");
    EXPECT_EQ(back.submission->webhook, "https://a.example/h");
    EXPECT_EQ(back.submission->execution_time_max, 5s);
    EXPECT_EQ(back.submission->time_to_live, 168h);
    EXPECT_TRUE(back.submission->low_priority);
}

TEST(Endpoint, WhatIsNotSaidIsAsThePlatformHasIt) {
    for (const char* text :
         {R"({"input":{}})", R"({"input":{},"webhook":null,"policy":null})",
          R"({"input":{},"webhook":"","policy":{"ttl":null,"lowPriority":null}})"}) {
        const ReadBack back = read(text);
        ASSERT_TRUE(back.submission) << text;
        EXPECT_EQ(back.submission->execution_time_max, 10min);
        EXPECT_EQ(back.submission->time_to_live, 24h);
        EXPECT_FALSE(back.submission->low_priority);
        EXPECT_TRUE(back.submission->webhook.empty());
    }
}

TEST(Endpoint, WhatIsWrongIsRefusedByName) {
    EXPECT_EQ(refusal_of("{}").field, "input");
    EXPECT_EQ(refusal_of(R"({"input":null})").field, "input");
    EXPECT_EQ(refusal_of(R"({"input":{},"input":{}})").code, ErrorCode::invalid_input);
    for (const char* hook :
         {"1", R"("ftp://a.example")", R"("a.example")", R"x("javascript:alert(1)")x", "[]"})
        EXPECT_EQ(refusal_of(R"({"input":{},"webhook":)" + std::string(hook) + "}").field, "webhook") << hook;
    for (const char* time : {"4999", "604800001", "-1", "5000.5", "\"5000\"", "1e400", "true"}) {
        const std::string text = R"({"input":{},"policy":{"executionTimeout":)" + std::string(time) + "}}";
        EXPECT_EQ(refusal_of(text).field, "policy.executionTimeout") << time;
    }
    EXPECT_EQ(refusal_of(R"({"input":{},"policy":{"ttl":9999}})").field, "policy.ttl");
    EXPECT_EQ(refusal_of(R"({"input":{},"policy":{"lowPriority":1}})").field, "policy.lowPriority");
    EXPECT_EQ(refusal_of(R"({"input":{},"policy":[]})").field, "policy");
    for (const char* broken : {"", "[]", "null", R"({"input":{}} x)", R"({"input":{)", R"({"input":{},})"})
        EXPECT_FALSE(read(broken).submission) << broken;
}

TEST(Endpoint, AStatusHasOnlyWhatIsKnown) {
    EXPECT_EQ(format_status({.id = "1"}), R"({"id":"1","status":"IN_QUEUE"})");
    const std::string done = format_status({
        .id = "1",
        .state = JobState::completed,
        .delay_ms = 5,
        .execution_ms = 7,
        .output_json = R"({"caption":"a \"cat\""})",
        .error = {},
        .retries = 1,
        .worker_id = "w",
    });
    EXPECT_EQ(
        Json::parse(done), Json::parse(R"({"id":"1","status":"COMPLETED","delayTime":5,"executionTime":7,
        "output":{"caption":"a \"cat\""},"retries":1,"workerId":"w"})")
    );
}

TEST(Endpoint, AnErrorIsText) {
    const Json failed =
        Json::parse(format_status({.id = "1", .state = JobState::failed, .error = "\"\n\xff"}));
    EXPECT_TRUE(failed["error"].is_string());
    EXPECT_EQ(failed["status"], "FAILED");
}

TEST(Endpoint, AStreamIsAlwaysAnArray) {
    EXPECT_EQ(Json::parse(format_stream({.id = "1"}, std::vector<StreamEvent>{}))["stream"], Json::array());
    const std::vector<StreamEvent> events{
        {.index = 0, .id = {}, .what = Piece{"a "}},
        {.index = 0, .id = {}, .what = Finished{R"({"caption":"a"})"}}
    };
    const Json stream = Json::parse(format_stream({.id = "1", .state = JobState::completed}, events));
    EXPECT_EQ(stream["status"], "COMPLETED");
    ASSERT_EQ(stream["stream"].size(), 1U);
    EXPECT_EQ(stream["stream"][0]["output"]["events"].size(), 2U);
}

TEST(Endpoint, AWebhookIsTheStatusAndWhatWasAsked) {
    const Json body = Json::parse(format_webhook(
        {.id = "1", .state = JobState::failed, .error = "no"}, R"({"a":1})", "https://a.example/\""
    ));
    EXPECT_EQ(body["input"]["a"], 1);
    EXPECT_EQ(body["webhook"], "https://a.example/\"");
    EXPECT_EQ(body["error"], "no");
}

TEST(Endpoint, HealthHasAllElevenNumbers) {
    const Json health = Json::parse(format_health(
        {.completed = 1, .failed = 2, .in_progress = 3, .in_queue = 4, .retried = 5}, {.busy = true}
    ));
    EXPECT_EQ(
        health["jobs"], Json::parse(R"({"completed":1,"failed":2,"inProgress":3,"inQueue":4,"retried":5})")
    );
    EXPECT_EQ(
        health["workers"],
        Json::parse(R"({"idle":0,"initializing":0,"ready":1,"running":1,"throttled":0,"unhealthy":0})")
    );
    EXPECT_EQ(Json::parse(format_health({}, {.loading = true}))["workers"]["initializing"], 1);
}

}  // namespace
}  // namespace vignette
