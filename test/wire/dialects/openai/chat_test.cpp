// What chat completions ask for, and what they are answered.
#include "wire/dialects/openai/chat.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <variant>

#include "vignette/answer.h"

namespace vignette {
namespace {

using Json = nlohmann::json;

constexpr std::string_view picture =
    R"({"type":"image_url","image_url":{"url":"data:image/png;base64,QUJD"}})";

std::string user(std::string_view parts) {
    return R"({"role":"user","content":[)" + std::string(parts) + "]}";
}

std::string with_messages(const std::string& messages, const std::string& more = "") {
    return R"({"messages":[)" + messages + "]" + more + "}";
}

Result<Request> read(const std::string& body) { return read_chat(PaddedText(body), Limits{}, {"1"}); }

Job job_of(const std::string& body) {
    const Result<Request> request = read(body);
    EXPECT_TRUE(request) << request.error().message;
    return request.value().items.at(0).job.value();
}

void expect_refused(const std::string& body, ErrorCode code, const std::string& field) {
    const Result<Request> request = read(body);
    ASSERT_FALSE(request) << body;
    EXPECT_EQ(request.error().code, code) << request.error().message;
    EXPECT_EQ(request.error().field, field) << request.error().message;
}

Answer answer_of(Caption caption) {
    Answer answer;
    answer.items.push_back({.id = {}, .outcome = std::move(caption), .same_as = {}});
    return answer;
}

Caption caption_saying(std::string text) {
    Caption caption;
    caption.text = std::move(text);
    caption.prompt_tokens = 4;
    caption.tokens = {TokenId{1}, TokenId{2}};
    caption.model.model = "blip2";
    caption.model.digest = "d1";
    return caption;
}

std::string picture_in(std::string_view detail) {
    return R"({"type":"image_url","image_url":{"url":"https://x/y","detail":")" + std::string(detail) +
           "\"}}";
}

TEST(OpenAiChat, PicturesThatMayBeCoarseHaveFewerTokens) {
    EXPECT_EQ(job_of(with_messages(user(picture_in("low")))).options.picture_tokens, 256);
    EXPECT_EQ(job_of(with_messages(user(picture_in("high")))).options.picture_tokens, std::nullopt);
    const std::string mixed = picture_in("low") + "," + picture_in("auto");
    EXPECT_EQ(job_of(with_messages(user(mixed))).options.picture_tokens, std::nullopt);
    const std::string both = picture_in("low") + "," + picture_in("low");
    EXPECT_EQ(job_of(with_messages(user(both))).options.picture_tokens, 256);
}

constexpr std::string_view film = R"({"type":"video_url","video_url":{"url":"https://x/y.mp4"}})";

TEST(OpenAiChat, AFilmIsLookedAtAsAWhole) {
    const Result<Request> request =
        read(with_messages(user(R"({"type":"text","text":"what happens?"},)" + std::string(film))));
    ASSERT_TRUE(request) << request.error().message;
    ASSERT_TRUE(request->film.has_value());
    EXPECT_TRUE(request->items.empty());
    EXPECT_TRUE(request->film->options.together);
    EXPECT_EQ(request->shape, AnswerShape::single);
    EXPECT_EQ(request->film->source.field, "messages[0].content[1].video_url.url");
    EXPECT_EQ(request->film->frame_job.options.prompt, "what happens?");
    EXPECT_TRUE(request->film->frame_job.pictures.empty());
}

TEST(OpenAiChat, OnlyOneFilmAndNoPictureBesideIt) {
    const std::string one(film);
    const std::string beside = one + "," + std::string(picture);
    expect_refused(
        with_messages(user(beside)), ErrorCode::unsupported, "messages[0].content[1].image_url.url"
    );
    expect_refused(
        with_messages(user(one + "," + one)), ErrorCode::unsupported, "messages[0].content[1].video_url.url"
    );
    expect_refused(with_messages(user(one) + "," + user(one)), ErrorCode::unsupported, "messages[1]");
    expect_refused(
        with_messages(user(R"({"type":"video_url"})")), ErrorCode::invalid_input,
        "messages[0].content[0].video_url"
    );
}

TEST(OpenAiChat, TheSystemsWordsComeFirstAndPicturesKeepTheirOrder) {
    const Job job = job_of(with_messages(
        user(
            std::string(R"({"type":"text","text":"What?"},)") + std::string(picture) +
            R"(,{"image_url":"https://example.com/b.png","type":"image_url"})"
        ) +
        R"(,{"content":"Be brief.","role":"system"})"
    ));
    EXPECT_EQ(job.options.prompt, "Be brief.\nWhat?");
    ASSERT_EQ(job.pictures.size(), 2U);
    EXPECT_EQ(std::get<Base64Picture>(job.pictures[0].source).text.view(), "QUJD");
    EXPECT_EQ(std::get<RemotePicture>(job.pictures[1].source).url, "https://example.com/b.png");
    EXPECT_EQ(job.pictures[1].field, "messages[0].content[2].image_url");
}

TEST(OpenAiChat, WithoutWordsTheModelsOwnPromptIsUsed) {
    EXPECT_FALSE(job_of(with_messages(user(picture))).options.prompt);
}

TEST(OpenAiChat, TheLastAnswerIsHowTheCaptionBegins) {
    const Job job = job_of(with_messages(user(picture) + R"(,{"role":"assistant","content":"A photo of"})"));
    EXPECT_EQ(job.options.prefix, "A photo of");
}

TEST(OpenAiChat, APictureIsNotCopied) {
    const PaddedText text(with_messages(user(picture)));
    const Result<Request> request = read_chat(text, Limits{}, {"1"});
    ASSERT_TRUE(request);
    const auto& source = std::get<Base64Picture>(request->items[0].job->pictures[0].source);
    EXPECT_GE(source.text.view().data(), text.view().data());
    EXPECT_LT(source.text.view().data(), text.view().data() + text.view().size());
}

TEST(OpenAiChat, SeveralChoicesAreDrawnUnlessTheClientSaysOtherwise) {
    const std::string messages = user(picture);
    EXPECT_EQ(job_of(with_messages(messages, R"(,"n":2)")).options.temperature, 1);
    EXPECT_EQ(job_of(with_messages(messages, R"(,"n":2,"temperature":0)")).options.temperature, 0);
    EXPECT_FALSE(job_of(with_messages(messages, R"(,"n":2,"num_beams":3)")).options.temperature);
    EXPECT_FALSE(job_of(with_messages(messages, R"(,"n":1)")).options.temperature);
}

TEST(OpenAiChat, NullIsAsIfAbsent) {
    const Job job = job_of(with_messages(
        user(picture),
        R"(,"model":null,"temperature":null,"stop":null,"tools":null,"response_format":null,"stream":null,"seed":null)"
    ));
    EXPECT_EQ(job.options, CaptionOptions{.fewer_tokens_will_do = true});
    EXPECT_TRUE(job.warnings.empty());
}

TEST(OpenAiChat, AFieldThatStandsTwiceIsRefused) {
    const std::string messages = user(picture);
    expect_refused(with_messages(messages, R"(,"n":1,"n":1)"), ErrorCode::invalid_input, "n");
    expect_refused(with_messages(messages, R"(,"messages":[])"), ErrorCode::invalid_input, "messages");
}

TEST(OpenAiChat, WhatCannotBeReadNamesItsPlace) {
    const auto code = ErrorCode::invalid_input;
    expect_refused("{}", ErrorCode::missing_image, "messages");
    expect_refused("[", ErrorCode::invalid_json, "");
    expect_refused(R"({"messages":{}})", code, "messages");
    expect_refused(R"({"messages":["hi"]})", code, "messages[0]");
    expect_refused(with_messages(R"({"content":"x"})"), code, "messages[0].role");
    expect_refused(with_messages(R"({"role":"user","content":7})"), code, "messages[0].content");
    expect_refused(with_messages(user(R"("x")")), code, "messages[0].content[0]");
    expect_refused(with_messages(user(R"({"type":"text"})")), code, "messages[0].content[0].text");
    expect_refused(with_messages(user(R"({"type":"image_url"})")), code, "messages[0].content[0].image_url");
    expect_refused(
        with_messages(user(R"({"type":"image_url","image_url":{"url":7}})")), code,
        "messages[0].content[0].image_url.url"
    );
    expect_refused(
        with_messages(user(R"({"type":"image_url","image_url":{"url":"https://x/y","detail":"most"}})")),
        code, "messages[0].content[0].image_url.detail"
    );
    expect_refused(
        with_messages(R"({"role":"system","content":[)" + std::string(picture) + "]}"),
        ErrorCode::unsupported, "messages[0]"
    );
    expect_refused(
        with_messages(user(picture) + R"(,{"role":"assistant","tool_calls":[{}]})"), ErrorCode::unsupported,
        "messages[1].tool_calls"
    );
}

TEST(OpenAiChat, TextAndPicturesAreBounded) {
    const std::string half(5'000, 'a');
    const std::string message = R"({"role":"user","content":")" + half + R"("})";
    expect_refused(
        with_messages(message + "," + message + "," + user(picture)), ErrorCode::prompt_too_long,
        "messages[1]"
    );
    std::string parts(picture);
    for (int i = 0; i < 256; ++i) parts.append(",").append(picture);
    expect_refused(with_messages(user(parts)), ErrorCode::too_many_images, "messages[0]");
    expect_refused(
        with_messages(user(parts.substr(picture.size() + 1)) + "," + user(picture)),
        ErrorCode::too_many_images, "messages[1]"
    );
}

TEST(OpenAiChat, AnAnswerIsOneChoice) {
    const Result<Request> request = read(with_messages(user(picture)));
    ASSERT_TRUE(request);
    const Json json = Json::parse(request->writer->whole(answer_of(caption_saying("a cat"))).value());
    EXPECT_EQ(json["id"], "chatcmpl-1");
    EXPECT_EQ(json["model"], "blip2");
    EXPECT_EQ(json["system_fingerprint"], "d1");
    EXPECT_EQ(json["choices"].size(), 1U);
    EXPECT_EQ(json["choices"][0]["message"]["content"], "a cat");
    EXPECT_EQ(json["choices"][0]["finish_reason"], "stop");
    EXPECT_EQ(json["usage"]["total_tokens"], 6);
}

TEST(OpenAiChat, WithoutCaptionsThereIsNoAnswer) {
    const Result<Request> request = read(with_messages(user(picture)));
    ASSERT_TRUE(request);
    const Result<std::string> whole = request->writer->whole(answer_of(Caption{}));
    ASSERT_FALSE(whole);
    EXPECT_EQ(whole.error().code, ErrorCode::unsupported);
}

// A prefix that the model's pieces spell otherwise, or only half of, is not lost.
TEST(OpenAiChat, OnlyTheWholePrefixIsLeftOut) {
    const std::string body =
        with_messages(user(picture) + R"(,{"role":"assistant","content":"A cat"})", R"(,"stream":true)");
    const auto said = [&](const std::vector<std::string>& pieces) {
        const Result<Request> request = read(body);
        std::string text;
        std::string events;
        for (const std::string& piece : pieces) {
            text += piece;
            events += request->writer->piece(piece);
        }
        events += request->writer->rest(answer_of(caption_saying(text)));
        std::string content;
        for (std::size_t at = 0; (at = events.find("data: {", at)) != std::string::npos; ++at) {
            const Json chunk = Json::parse(events.substr(at + 6, events.find("\n\n", at) - at - 6));
            content += chunk["choices"][0]["delta"].value("content", "");
        }
        return content;
    };
    EXPECT_EQ(said({"A", " c", "at sits"}), " sits");
    EXPECT_EQ(said({"A cat", "."}), ".");
    EXPECT_EQ(said({"A c"}), "A c");
    EXPECT_EQ(said({"A cow"}), "A cow");
    EXPECT_EQ(said({}), "");
}

TEST(OpenAiChat, OurNamesForFieldsBecomeOpenAis) {
    const Result<Request> request = read(with_messages(user(picture)));
    ASSERT_TRUE(request);
    const auto renamed = [&](const std::string& field) {
        return request->writer->renamed({ErrorCode::unsupported, "x", field}).field;
    };
    EXPECT_EQ(renamed("input.prompt"), "messages");
    EXPECT_EQ(renamed("input.schema"), "response_format");
    EXPECT_EQ(renamed("input.max_length"), "max_tokens");
    EXPECT_EQ(renamed("input.top_k"), "top_k");
    EXPECT_EQ(renamed("messages[0]"), "messages[0]");
    EXPECT_EQ(renamed("input"), "");
}

}  // namespace
}  // namespace vignette
