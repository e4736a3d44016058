// Ollama's dialect: what its clients send becomes a job, and what they read is there.
#include "wire/dialects/ollama/ollama.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <variant>

namespace vignette::ollama_test {
namespace {

using Json = nlohmann::json;
using std::chrono_literals::operator""ms;

Result<OllamaAsk> generate(const std::string& fields) {
    return read_ollama(
        R"({"model":"m","prompt":"p","images":["QUJD"],)" + fields + "}", OllamaRoute::generate, {"id"}, {}
    );
}

Result<OllamaAsk> chat(const std::string& messages, const std::string& fields = R"("model":"m")") {
    return read_ollama(R"({"messages":)" + messages + "," + fields + "}", OllamaRoute::chat, {"id"}, {});
}

Job job_of(Result<OllamaAsk> ask) {
    if (ask) return *ask->request.items.front().job;
    ADD_FAILURE() << ask.error().field << ": " << ask.error().message;
    return {};
}

Error error_of(const Result<OllamaAsk>& ask) {
    return ask ? Error{ErrorCode::internal, "none", ""} : ask.error();
}

TEST(Ollama, APictureStaysWhereItIsInTheBody) {
    const Job job = job_of(generate(R"("stream":false)"));
    ASSERT_EQ(job.pictures.size(), 1U);
    EXPECT_EQ(job.pictures[0].field, "images[0]");
    EXPECT_EQ(std::get<Base64Picture>(job.pictures[0].source).text.view(), "QUJD");
    EXPECT_EQ(job.options.prompt, "p");
}

TEST(Ollama, ItStreamsUnlessToldOtherwise) {
    EXPECT_TRUE(generate(R"("id":"1")")->request.stream);
    EXPECT_FALSE(generate(R"("stream":false)")->request.stream);
}

TEST(Ollama, TheTagLatestIsNoPartOfAName) {
    EXPECT_EQ(
        job_of(chat(R"([{"role":"user","content":"","images":["QUJD"]}])", R"("model":"a:latest")")).model,
        "a"
    );
    EXPECT_EQ(without_tag("a:7b"), "a:7b");
    EXPECT_EQ(without_tag(":latest"), "");
}

TEST(Ollama, OptionsAreReadAndChecked) {
    const Job job = job_of(
        generate(R"("options":{"num_predict":7,"temperature":0.5,"top_p":0.9,"top_k":5,"min_p":0.1,"seed":3,)"
                 R"("stop":["a","b"],"repeat_penalty":1.5,"num_ctx":4096,"mirostat":1})")
    );
    EXPECT_EQ(job.options.max_length, 7);
    EXPECT_EQ(job.options.temperature, 0.5);
    EXPECT_EQ(job.options.top_k, 5);
    EXPECT_EQ(job.options.stop, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(job.options.repetition_penalty, 1.5);
    ASSERT_EQ(job.warnings.size(), 1U);
    EXPECT_EQ(job.warnings[0].field, "options.mirostat");
    EXPECT_EQ(error_of(generate(R"("options":{"top_p":2})")).field, "options.top_p");
    EXPECT_EQ(error_of(generate(R"("options":{"temperature":-1})")).field, "options.temperature");
}

TEST(Ollama, ANegativeNumberMeansAsTheModelLikes) {
    const Job job = job_of(generate(R"("options":{"num_predict":-1,"seed":-1,"top_k":-1})"));
    EXPECT_EQ(job.options, (CaptionOptions{.prompt = "p", .fewer_tokens_will_do = true}));
}

TEST(Ollama, AFormatIsJsonOrASchema) {
    EXPECT_EQ(job_of(generate(R"("format":"json")")).options.schema, R"({"type":"object"})");
    EXPECT_EQ(job_of(generate(R"("format":{"type":"array"})")).options.schema, R"({"type":"array"})");
    EXPECT_EQ(job_of(generate(R"("format":"")")).options.schema, std::nullopt);
    EXPECT_EQ(error_of(generate(R"("format":"xml")")).field, "format");
}

TEST(Ollama, WhatWouldChangeTheAnswerIsRefusedUnlessItSaysNothing) {
    for (const std::string name :
         {"suffix", "context", "template", "raw", "think", "tools", "logprobs", "width"}) {
        for (const std::string nothing : {"null", "false", "0", "\"\"", "[]", "[ ]", "{}"})
            EXPECT_TRUE(generate("\"" + name + "\":" + nothing).has_value()) << name << nothing;
        const Error error = error_of(generate("\"" + name + "\":[1]"));
        EXPECT_EQ(error.code, ErrorCode::unsupported);
        EXPECT_EQ(error.field, name);
    }
    EXPECT_EQ(error_of(generate(R"("think":"high")")).field, "think");
}

TEST(Ollama, TheTextsOfAConversationBecomeThePrompt) {
    const Job job = job_of(chat(
        R"([{"content":"be brief","role":"system"},{"role":"user","content":"Image 1:","images":["QUJD"]},)"
        R"({"role":"user","content":"Image 2:","images":["QUJE"]},{"role":"user","content":"compare"}])",
        R"("system":"first")"
    ));
    EXPECT_EQ(job.options.prompt, "first\nbe brief\nImage 1:\nImage 2:\ncompare");
    ASSERT_EQ(job.pictures.size(), 2U);
    EXPECT_EQ(job.pictures[1].field, "messages[2].images[0]");
}

TEST(Ollama, TheAssistantMaySpeakOnlyLast) {
    const std::string user = R"({"role":"user","content":"u","images":["QUJD"]})";
    const auto ask = chat("[" + user + R"(,{"role":"assistant","content":"It is "}])");
    EXPECT_EQ(ask->prefix, 6U);
    EXPECT_EQ(job_of(ask).options.prefix, "It is ");
    const Error error = error_of(chat("[" + user + R"(,{"role":"assistant","content":"x"},)" + user + "]"));
    EXPECT_EQ(error.code, ErrorCode::unsupported);
    EXPECT_EQ(error.field, "messages[1]");
    EXPECT_EQ(error_of(chat("[" + user + R"(,{"role":"tool","content":"x"}])")).field, "messages[1].role");
}

TEST(Ollama, NothingToDescribeOnlyLoads) {
    EXPECT_TRUE(read_ollama(R"({"model":"m"})", OllamaRoute::generate, {}, {})->only_loads);
    EXPECT_TRUE(chat("[]")->only_loads);
    EXPECT_EQ(error_of(chat(R"([{"role":"user","content":"hello"}])")).code, ErrorCode::missing_image);
}

TEST(Ollama, ConversationsAreBounded) {
    std::string many = "[";
    for (int i = 0; i < 257; ++i) many += R"({"role":"user"},)";
    many.back() = ']';
    EXPECT_EQ(error_of(chat(many)).field, "messages");
    const std::string half = R"({"role":"user","content":")" + std::string(5'000, 'x') + "\"}";
    EXPECT_EQ(error_of(chat("[" + half + "," + half + "]")).code, ErrorCode::prompt_too_long);
}

TEST(Ollama, VectorsAreOfTextsAndPictures) {
    const auto ask = read_ollama_embed(
        R"({"model":"demo-clip:latest","input":["a","b"],"images":["QUJD"],"truncate":true})",
        OllamaVectors::many, {"id"}, {}
    );
    ASSERT_TRUE(ask.has_value());
    ASSERT_EQ(ask->request.items.size(), 3U);
    EXPECT_EQ(ask->request.items[1].job->text, "b");
    EXPECT_EQ(ask->request.items[2].job->pictures.size(), 1U);
    EXPECT_EQ(ask->request.items[2].job->task, Task::embed);
    EXPECT_EQ(ask->request.items[2].job->model, "demo-clip");
    const auto refused = [](const char* body) {
        return read_ollama_embed(body, OllamaVectors::many, {}, {}).error().field;
    };
    EXPECT_EQ(refused(R"({"input":"a","dimensions":8})"), "dimensions");
    EXPECT_EQ(refused(R"({"input":"a","truncate":false})"), "truncate");
    EXPECT_EQ(refused("{}"), "input");
}

TEST(Ollama, TheLastLineHasTheCountsAndTimes) {
    Caption caption;
    caption.finish = FinishReason::length;
    caption.prompt_tokens = 9;
    caption.tokens.resize(4);
    caption.timings.decode_steps = 2ms;
    caption.warnings = {{"input.max_length", "input.max_length was clamped"}};
    const OllamaReply reply{
        OllamaRoute::chat, "m", std::chrono::sys_days{std::chrono::January / 2 / 2026} + 5ms
    };
    const Json json = Json::parse(format_ollama_end(reply, "text", caption, 3ms));
    EXPECT_EQ(json["created_at"], "2026-01-02T00:00:00.005000Z");
    EXPECT_EQ(json["message"], (Json{{"role", "assistant"}, {"content", "text"}}));
    EXPECT_EQ(json["done_reason"], "length");
    EXPECT_EQ(json["total_duration"], 3'000'000);
    EXPECT_EQ(json["eval_duration"], 2'000'000);
    EXPECT_EQ(json["prompt_eval_count"], 9);
    EXPECT_EQ(json["eval_count"], 4);
    EXPECT_EQ(json["warnings"][0]["field"], "options.num_predict");
    EXPECT_EQ(json["warnings"][0]["message"], "options.num_predict was clamped");
}

TEST(Ollama, ErrorsNameItsOwnFields) {
    EXPECT_EQ(
        ollama_error(OllamaRoute::chat, {ErrorCode::unsupported, "x", "input.prompt"}).field, "messages"
    );
    EXPECT_EQ(
        ollama_error(OllamaRoute::generate, {ErrorCode::unsupported, "x", "input.prompt"}).field, "prompt"
    );
    EXPECT_EQ(ollama_error(OllamaRoute::chat, {ErrorCode::unsupported, "x", "input.together"}).field, "");
}

}  // namespace
}  // namespace vignette::ollama_test
