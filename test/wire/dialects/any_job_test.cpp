// Requests to another API that a job passes on.
#include "wire/dialects/any_job.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "vignette/answer.h"
#include "wire/dialects/runpod.h"

namespace vignette {
namespace {

const std::string chat =
    R"({"messages":[{"role":"user","content":[{"type":"image_url","image_url":"data:image/png;base64,QUJD"}]}]})";

std::string event_with(const std::string& input) { return R"({"id":"j1","input":{)" + input + "}}"; }

TEST(AnyJob, ARequestToOpenAisApiIsReadAndAnsweredAsThat) {
    const std::string event =
        event_with(R"("openai_input":)" + chat + R"(,"openai_route":"/openai/v1/chat/completions")");
    const Result<Request> request = parse_request(event, Limits{});
    ASSERT_TRUE(request) << request.error().message;
    EXPECT_EQ(request->id, JobId{"j1"});
    ASSERT_TRUE(request->writer);
    Caption caption;
    caption.text = "a cat";
    Answer answer;
    answer.items.push_back({.id = {}, .outcome = caption, .same_as = {}});
    const auto json = nlohmann::json::parse(request->writer->whole(answer).value());
    EXPECT_EQ(json["id"], "chatcmpl-j1");
    EXPECT_EQ(json["choices"][0]["message"]["content"], "a cat");
}

TEST(AnyJob, OurOwnJobsHaveNoWriter) {
    const Result<Request> request = parse_request(event_with(R"("image":"QUJD")"), Limits{});
    ASSERT_TRUE(request);
    EXPECT_FALSE(request->writer);
}

TEST(AnyJob, BrokenJsonAroundItIsBroken) {
    const std::string event = event_with(R"("openai_route":"/v1/responses","openai_input":{},"x":nope)");
    const Result<Request> request = parse_request(event, Limits{});
    ASSERT_FALSE(request);
    EXPECT_EQ(request.error().code, ErrorCode::invalid_json);
}

TEST(AnyJob, TheIdOfAJobThatCannotBeReadIsKept) {
    const auto jobs =
        read_taken_jobs(event_with(R"("openai_route":"/v1/completions","openai_input":)" + chat), Limits{});
    ASSERT_TRUE(jobs);
    EXPECT_EQ(jobs->at(0).id, JobId{"j1"});
    EXPECT_EQ(jobs->at(0).request.error().code, ErrorCode::unsupported);
}

}  // namespace
}  // namespace vignette
