#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "wire/dialects/any_job.h"

namespace vignette::task_json_test {
namespace {

Result<Request> read(const std::string& fields) {
    return parse_request("{\"input\":{" + fields + "}}", Limits{});
}

Request parsed(const std::string& fields) {
    Result<Request> request = read(fields);
    EXPECT_TRUE(request.has_value()) << fields << ": " << request.error().message;
    return request ? *std::move(request) : Request{};
}

Job only_job(const std::string& fields) {
    Request request = parsed(fields);
    EXPECT_EQ(request.items.size(), 1U) << fields;
    EXPECT_TRUE(request.items.at(0).job.has_value()) << fields;
    return std::move(request.items.at(0).job).value();
}

Error refused(const std::string& fields) {
    const Result<Request> request = read(fields);
    EXPECT_FALSE(request.has_value()) << fields;
    return request ? Error{} : request.error();
}

TEST(TaskJson, ATaskIsNamedOrFollowsFromTheOtherFields) {
    EXPECT_EQ(only_job(R"("image":"QQ")").task, Task::caption);
    EXPECT_EQ(only_job(R"("image":"QQ","task":"embed")").task, Task::embed);
    EXPECT_EQ(only_job(R"("task":"embed_and_caption","image":"QQ")").task, Task::embed_and_caption);
    EXPECT_EQ(only_job(R"("image":"QQ","return_embedding":true)").task, Task::embed_and_caption);
    EXPECT_EQ(only_job(R"("image":"QQ","return_embedding":true,"task":"embed")").task, Task::embed);
    EXPECT_EQ(only_job(R"("image":"QQ","return_embedding":false)").task, Task::caption);
    EXPECT_EQ(refused(R"("image":"QQ","task":"dream")").field, "input.task");
    EXPECT_NE(refused(R"("image":"QQ","task":"dream")").message.find("embed_and_caption"), std::string::npos);
}

TEST(TaskJson, ATextCanOnlyBeEmbedded) {
    const Job job = only_job(R"("text":"a red circle")");
    EXPECT_EQ(job.task, Task::embed);
    EXPECT_EQ(job.text, "a red circle");
    EXPECT_TRUE(job.pictures.empty());
    EXPECT_EQ(refused(R"("text":"a","task":"caption")").field, "input.task");
    EXPECT_EQ(refused(R"("text":"a","image":"QQ")").field, "input.image");
    EXPECT_EQ(refused(R"("image":"QQ","text":"a")").field, "input.text");
    EXPECT_EQ(refused(R"("texts":["a"],"text":"a")").field, "input.text");
    EXPECT_EQ(refused(R"("text":7)").message, "input.text must be a string, not a number");
}

TEST(TaskJson, TextsAreABatchInWhichABadOneSpoilsNoOther) {
    const Request request = parsed(R"("texts":["a",7,"b"])");
    EXPECT_EQ(request.shape, AnswerShape::batch);
    ASSERT_EQ(request.items.size(), 3U);
    EXPECT_EQ(request.items[0].job->text, "a");
    EXPECT_EQ(request.items[2].job->text, "b");
    ASSERT_FALSE(request.items[1].job.has_value());
    EXPECT_EQ(request.items[1].job.error().field, "input.texts[1]");
    EXPECT_EQ(refused(R"("texts":"a")").message, "input.texts must be an array of strings, not a string");
}

TEST(TaskJson, ATextThatIsTooLongIsRefused) {
    const std::string text(Limits{}.prompt_bytes_max + 1, 'a');
    EXPECT_EQ(refused("\"text\":\"" + text + "\"").code, ErrorCode::prompt_too_long);
    EXPECT_EQ(only_job("\"text\":\"" + text.substr(1) + "\"").text, text.substr(1));
}

TEST(TaskJson, FramesAreAnsweredByPlace) {
    EXPECT_EQ(parsed(R"("frames":["QQ","QQ"])").shape, AnswerShape::frames);
    EXPECT_EQ(parsed(R"("frames":[{"image":"QQ","id":"a"}])").items[0].id, "a");
    EXPECT_EQ(parsed(R"("task":"describe","images":["QQ"])").shape, AnswerShape::frames);
    EXPECT_EQ(parsed(R"("task":"describe","image":"QQ")").shape, AnswerShape::frames);
    EXPECT_TRUE(parsed(R"("frames":["QQ"])").items[0].job->is_frame);
    EXPECT_FALSE(parsed(R"("images":["QQ"])").items[0].job->is_frame);
    EXPECT_EQ(refused(R"("frames":["QQ"],"images":["QQ"])").field, "input.images");
}

TEST(TaskJson, PicturesThatBelongTogetherAreOneJob) {
    const Job job = only_job(R"("images":["QUJD","REVG"],"together":true,"prompt":"compare")");
    ASSERT_EQ(job.pictures.size(), 2U);
    EXPECT_EQ(job.pictures[1].field, "input.images[1]");
    EXPECT_EQ(std::get<Base64Picture>(job.pictures[1].source).text.view(), "REVG");
    EXPECT_EQ(job.options.prompt, "compare");
    EXPECT_EQ(parsed(R"("images":["QUJD","REVG"],"together":true)").shape, AnswerShape::single);
    EXPECT_EQ(parsed(R"("images":["QUJD","REVG"],"together":false)").shape, AnswerShape::batch);
    EXPECT_EQ(
        refused(R"("images":["QQ",{"image":"QQ","prompt":"own"}],"together":true)").field, "input.together"
    );
    EXPECT_EQ(refused(R"("images":["QQ",7],"together":true)").field, "input.images[1]");
    EXPECT_EQ(refused(R"("texts":["a","b"],"together":true)").field, "input.together");
}

TEST(TaskJson, WhatShapesAVectorArrives) {
    const Job job =
        only_job(R"("image":"QQ","embedding_model":"clip","embedding_format":"base64","model":"llava",)"
                 R"("disable_captions":true)");
    EXPECT_EQ(job.embedder, "clip");
    EXPECT_EQ(job.model, "llava");
    EXPECT_EQ(job.vector_format, VectorFormat::base64);
    EXPECT_FALSE(job.captions);
    EXPECT_EQ(refused(R"("image":"QQ","embedding_format":"int8")").field, "input.embedding_format");
    EXPECT_EQ(refused(R"("image":"QQ","disable_captions":"yes")").field, "input.disable_captions");
}

}  // namespace
}  // namespace vignette::task_json_test
