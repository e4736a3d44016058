// Anthropic's dialect: what its clients send becomes a job, and what they read is there.
#include "wire/dialects/anthropic/anthropic.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <variant>

namespace vignette {
namespace {

using Json = nlohmann::json;

const std::string block =
    R"({"source":{"data":"QUJD","media_type":"image/png","type":"base64"},"type":"image"})";
const std::string user = R"({"content":[)" + block + R"(,{"type":"text","text":"what?"}],"role":"user"})";

Result<AnthropicAsk> ask(const std::string& messages, const std::string& more = "") {
    return read_anthropic(
        R"({"model":"m","max_tokens":9,"messages":[)" + messages + "]" + more + "}", {"id"}, {}
    );
}

Job asked(Result<AnthropicAsk> made) {
    if (made) return *made->request.items.front().job;
    ADD_FAILURE() << made.error().field << ": " << made.error().message;
    return {};
}

Error refused(const std::string& messages, const std::string& more = "") {
    const Result<AnthropicAsk> made = ask(messages, more);
    return made ? Error{ErrorCode::internal, "none", ""} : made.error();
}

std::string with(const std::string& content) { return R"({"role":"user","content":[)" + content + "]}"; }

TEST(Anthropic, BlocksBecomeAPromptAndPictures) {
    const Job job =
        asked(ask(user, R"(,"system":[{"type":"text","text":"be brief"}],"top_k":3,"temperature":1)"));
    EXPECT_EQ(job.options.prompt, "be brief\nwhat?");
    EXPECT_EQ(job.options.max_length, 9);
    EXPECT_EQ(job.options.top_k, 3);
    ASSERT_EQ(job.pictures.size(), 1U);
    EXPECT_EQ(job.pictures[0].field, "messages[0].content[0].source.data");
    EXPECT_EQ(std::get<Base64Picture>(job.pictures[0].source).text.view(), "QUJD");
}

TEST(Anthropic, APictureMayBeAnAddress) {
    const Job job =
        asked(ask(with(R"({"type":"image","source":{"type":"url","url":"https://a.org/b.png"}})")));
    EXPECT_EQ(std::get<RemotePicture>(job.pictures.at(0).source).url, "https://a.org/b.png");
}

TEST(Anthropic, ALastAnswerIsContinued) {
    const auto made = ask(user + R"(,{"role":"assistant","content":"It is"})");
    EXPECT_EQ(made->prefix, 5U);
    EXPECT_EQ(asked(made).options.prefix, "It is");
    EXPECT_EQ(refused(user + R"(,{"role":"assistant","content":"x"},)" + user).field, "messages[1]");
}

TEST(Anthropic, WhatItRequiresIsRequired) {
    const auto field = [](const std::string& body) { return read_anthropic(body, {}, {}).error().field; };
    EXPECT_EQ(field(R"({"max_tokens":1,"messages":[{"role":"user","content":"a"}]})"), "model");
    EXPECT_EQ(field(R"({"model":"m","messages":[{"role":"user","content":"a"}]})"), "max_tokens");
    EXPECT_EQ(
        field(R"({"model":"m","max_tokens":0,"messages":[{"role":"user","content":"a"}]})"), "max_tokens"
    );
    EXPECT_EQ(field(R"({"model":"m","max_tokens":1})"), "messages");
    EXPECT_EQ(refused(R"({"role":"user","content":"no picture"})").code, ErrorCode::missing_image);
}

TEST(Anthropic, WhatItCannotDoIsRefusedByName) {
    EXPECT_EQ(refused(user, R"(,"tools":[{}])").field, "tools");
    EXPECT_EQ(refused(user, R"(,"thinking":{"type":"enabled","budget_tokens":1024})").field, "thinking");
    EXPECT_EQ(refused(user, R"(,"temperature":1.5)").field, "temperature");
    EXPECT_EQ(
        refused(user, R"(,"output_config":{"format":{"type":"xml"}})").field, "output_config.format.type"
    );
    EXPECT_EQ(refused(with(R"({"type":"document","source":{}})")).field, "messages[0].content[0]");
    EXPECT_EQ(
        refused(with(R"({"type":"image","source":{"type":"file","file_id":"f"}})")).field,
        "messages[0].content[0].source"
    );
    EXPECT_EQ(refused(with(R"({"type":"image"})")).code, ErrorCode::invalid_input);
    EXPECT_EQ(refused(R"({"role":"system","content":"x"})").field, "messages[0].role");
    EXPECT_TRUE(
        ask(user, R"(,"tools":[],"thinking":{"type":"disabled"},"metadata":{"user_id":"u"})").has_value()
    );
}

TEST(Anthropic, AStructuredOutputIsASchema) {
    const std::string format = R"({"type":"json_schema","schema":{"type":"object"}})";
    EXPECT_EQ(
        asked(ask(user, R"(,"output_config":{"format":)" + format + "}")).options.schema,
        R"({"type":"object"})"
    );
    EXPECT_EQ(asked(ask(user, R"(,"output_format":)" + format)).options.schema, R"({"type":"object"})");
}

TEST(Anthropic, UnknownFieldsAreIgnoredWithAWarning) {
    const Job job = asked(ask(user, R"(,"novel":{"a":[1]})"));
    ASSERT_EQ(job.warnings.size(), 1U);
    EXPECT_EQ(job.warnings[0].field, "novel");
}

TEST(Anthropic, AMessageSaysWhyItEnded) {
    Caption caption;
    caption.prompt_tokens = 5;
    caption.tokens.resize(2);
    const auto message = [&] { return Json::parse(format_anthropic({"msg_1", "m"}, "text", caption)); };
    EXPECT_EQ(message()["stop_reason"], "end_turn");
    EXPECT_EQ(message()["usage"], (Json{{"input_tokens", 5}, {"output_tokens", 2}}));
    caption.finish = FinishReason::length;
    EXPECT_EQ(message()["stop_reason"], "max_tokens");
    caption.finish = FinishReason::stop;
    caption.stopped_by = ".";
    EXPECT_EQ(message()["stop_reason"], "stop_sequence");
    EXPECT_EQ(message()["stop_sequence"], ".");
    EXPECT_EQ(message()["content"], (Json::array({{{"type", "text"}, {"text", "text"}}})));
}

TEST(Anthropic, AStreamHasItsEventsInOrder) {
    const std::string text =
        anthropic_begin({"msg_1", "m"}) + anthropic_piece("a") + anthropic_end(Caption{});
    std::string names;
    for (std::size_t at = 0; (at = text.find("event: ", at)) != std::string::npos; ++at)
        names += text.substr(at + 7, text.find('\n', at) - at - 7) + " ";
    EXPECT_EQ(
        names,
        "message_start content_block_start ping content_block_delta content_block_stop message_delta "
        "message_stop "
    );
}

}  // namespace
}  // namespace vignette
