// A form with files and options makes the same job as the JSON that it stands for.
#include "wire/dialects/plain_form.h"

#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "wire/dialects/form_text.h"

namespace vignette::plain_form_test {
namespace {

Result<Request> read(const FormText& form) {
    auto made = TRY(read_plain_form(form.content_type(), form.text(), Limits{}));
    return std::move(made.request);
}

std::string bytes_of(const Job& job) {
    const Bytes& bytes = std::get<EncodedPicture>(job.pictures.front().source).bytes;
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(PlainForm, FilesBecomeABatchInTheirOrderNamedByTheirNames) {
    const auto request =
        read(FormText().file("files[]", "a.jpg", "AAA").file("files", "b b.png", "BB").file("file", "", "C"));
    ASSERT_TRUE(request) << request.error().message;
    EXPECT_EQ(request->shape, AnswerShape::batch);
    ASSERT_EQ(request->items.size(), 3U);
    EXPECT_EQ(request->items[0].id, "a.jpg");
    EXPECT_EQ(request->items[1].id, "b b.png");
    EXPECT_EQ(request->items[2].id, "");
    EXPECT_EQ(bytes_of(*request->items[0].job), "AAA");
    EXPECT_EQ(bytes_of(*request->items[1].job), "BB");
    EXPECT_EQ(request->items[2].job->pictures.front().field, "files[2]");
    EXPECT_EQ(request->items[2].job->task, Task::embed_and_caption);
}

TEST(PlainForm, FieldsAreOptionsByTheirNamesInJson) {
    const auto request = read(FormText()
                                  .field("prompt", "40")
                                  .field("max_length", "40")
                                  .field("temperature", "0.5")
                                  .field("loop_guard", "true")
                                  .field("stop", "\"quoted\", and more")
                                  .field("bad_words", R"(["a","b"])")
                                  .field("schema", R"({"type":"object"})")
                                  .field("preset", "json")
                                  .field("task", "caption")
                                  .field("model", "demo-blip2")
                                  .field("stream", "true")
                                  .field("seed", "")
                                  .file("files[]", "a.jpg", "AAA"));
    ASSERT_TRUE(request) << request.error().message;
    const Job& job = *request->items.front().job;
    EXPECT_EQ(job.options.prompt, "40");
    EXPECT_EQ(job.options.max_length, 40);
    EXPECT_EQ(job.options.temperature, 0.5);
    EXPECT_EQ(job.options.loop_guard, true);
    EXPECT_EQ(job.options.stop, std::vector<std::string>{"\"quoted\", and more"});
    EXPECT_EQ(job.options.bad_words, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(job.options.schema, R"({"type":"object"})");
    EXPECT_EQ(job.options.preset, Preset::json);
    EXPECT_EQ(job.options.seed, std::nullopt);
    EXPECT_EQ(job.task, Task::caption);
    EXPECT_EQ(job.model, "demo-blip2");
    EXPECT_TRUE(request->stream);
}

TEST(PlainForm, AnUnknownFieldIsAWarningAsInJson) {
    const auto request = read(FormText().field("promt", "x").file("files[]", "a.jpg", "AAA"));
    ASSERT_TRUE(request);
    const auto& warnings = request->items.front().job->warnings;
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_NE(warnings.front().message.find("prompt"), std::string::npos);
}

TEST(PlainForm, AFieldCannotBringFieldsOfItsOwn) {
    for (const char* value :
         {R"(40,"prompt":"x")", R"(40},"input":{"n":2)", "40]", "1e999", "-1", "40 41", "{}"}) {
        const auto request = read(FormText().field("max_length", value).file("files[]", "a", "AAA"));
        ASSERT_FALSE(request) << value;
        EXPECT_EQ(request.error().field, "input.max_length") << value;
    }
}

TEST(PlainForm, WhatDoesNotBelongIntoAFormIsRefused) {
    const auto code_of = [](const FormText& form) {
        const auto request = read(form);
        return request ? ErrorCode::internal : request.error().code;
    };
    EXPECT_EQ(code_of(FormText().field("prompt", "x")), ErrorCode::missing_image);
    EXPECT_EQ(
        code_of(FormText().file("image", "a.jpg", "A").file("files[]", "b", "B")), ErrorCode::invalid_input
    );
    EXPECT_EQ(code_of(FormText().field("images", "[]").file("files[]", "b", "B")), ErrorCode::invalid_input);
    EXPECT_EQ(
        code_of(FormText().field("video_url", "https://a/b").file("files[]", "b", "B")),
        ErrorCode::invalid_input
    );
    EXPECT_EQ(
        code_of(FormText().field("prompt", "\xFF").file("files[]", "b", "B")), ErrorCode::invalid_input
    );
    EXPECT_EQ(
        code_of(FormText().field("n", "1").field("n", "2").file("files[]", "b", "B")),
        ErrorCode::invalid_input
    );
    FormText many;
    for (int i = 0; i < 257; ++i) many.file("files[]", "b", "B");
    EXPECT_EQ(code_of(many), ErrorCode::too_many_images);
}

TEST(PlainForm, ABadFileSpoilsOnlyItself) {
    const auto request = read(FormText()
                                  .file("files[]", "empty.jpg", "")
                                  .file("files[]", std::string(600, 'n'), "AAA")
                                  .file("files[]", "good.jpg", "AAA"));
    ASSERT_TRUE(request) << request.error().message;
    ASSERT_FALSE(request->items[0].job);
    EXPECT_EQ(request->items[0].job.error().code, ErrorCode::empty_image);
    EXPECT_EQ(request->items[0].job.error().field, "files[0]");
    EXPECT_EQ(request->items[0].id, "empty.jpg");
    EXPECT_FALSE(request->items[1].job);
    EXPECT_EQ(bytes_of(*request->items[2].job), "AAA");
}

TEST(PlainForm, TogetherAllFilesAreOneJob) {
    const auto request = read(FormText()
                                  .field("together", "true")
                                  .field("task", "caption")
                                  .file("files[]", "a", "AAA")
                                  .file("files[]", "b", "BBB"));
    ASSERT_TRUE(request) << request.error().message;
    ASSERT_EQ(request->items.size(), 1U);
    EXPECT_EQ(request->items.front().job->pictures.size(), 2U);
}

}  // namespace
}  // namespace vignette::plain_form_test
