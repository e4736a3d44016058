// What Immich's server asks of its machine learning, and what it reads.
#include "wire/dialects/immich.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "wire/dialects/form_text.h"

namespace vignette {
namespace {

using Json = nlohmann::json;

Result<Job> read(const FormText& form) {
    PlainRequest made = TRY(read_prediction(form.content_type(), form.text(), Limits{}));
    EXPECT_EQ(made.request.items.size(), 1U);
    return std::move(made.request.items.front().job);
}

ErrorCode code_of(const FormText& form) {
    const auto job = read(form);
    return job ? ErrorCode::internal : job.error().code;
}

const std::string visual = R"({"clip":{"visual":{"modelName":"ViT-B-32__openai"}}})";
const std::string textual =
    R"({"clip":{"textual":{"modelName":"ViT-L-14__openai","options":{"language":"de"}}}})";

TEST(Immich, APictureIsEmbeddedByTheSameCheckpointUnderOurName) {
    const auto job = read(FormText().field("entries", visual).file("image", "blob", "JPEG"));
    ASSERT_TRUE(job) << job.error().message;
    EXPECT_EQ(job->task, Task::embed);
    EXPECT_EQ(job->model, "openai/clip-vit-base-patch32");
    EXPECT_EQ(std::get<EncodedPicture>(job->pictures.front().source).bytes.size(), 4U);
}

TEST(Immich, ATextIsEmbedded) {
    const auto job = read(FormText().field("entries", textual).field("text", "ein Hund"));
    ASSERT_TRUE(job) << job.error().message;
    EXPECT_EQ(job->task, Task::embed);
    EXPECT_EQ(job->model, "openai/clip-vit-large-patch14");
    EXPECT_EQ(job->text, "ein Hund");
    EXPECT_TRUE(job->pictures.empty());
}

TEST(Immich, AnotherNameIsABundlesOwn) {
    const auto job = read(
        FormText().field("entries", R"({"clip":{"textual":{"modelName":"demo-clip"}}})").field("text", "x")
    );
    ASSERT_TRUE(job);
    EXPECT_EQ(job->model, "demo-clip");
}

TEST(Immich, FacesAndLettersAreRefused) {
    const std::string faces =
        R"({"facial-recognition":{"detection":{"modelName":"buffalo_l","options":{"minScore":0.7}},)"
        R"("recognition":{"modelName":"buffalo_l"}}})";
    const std::string letters =
        R"({"ocr":{"detection":{"modelName":"PP-OCRv5_mobile","options":{"minScore":0.5}}}})";
    EXPECT_EQ(
        code_of(FormText().field("entries", faces).file("image", "blob", "JPEG")), ErrorCode::unsupported
    );
    EXPECT_EQ(
        code_of(FormText().field("entries", letters).file("image", "blob", "JPEG")), ErrorCode::unsupported
    );
}

TEST(Immich, WhatMakesNoSenseIsRefused) {
    EXPECT_EQ(code_of(FormText().file("image", "blob", "JPEG")), ErrorCode::invalid_input);
    EXPECT_EQ(code_of(FormText().field("entries", visual)), ErrorCode::missing_image);
    EXPECT_EQ(code_of(FormText().field("entries", visual).field("assetId", "7")), ErrorCode::missing_image);
    EXPECT_EQ(code_of(FormText().field("entries", visual).file("image", "blob", "")), ErrorCode::empty_image);
    EXPECT_EQ(code_of(FormText().field("entries", textual)), ErrorCode::invalid_input);
    EXPECT_EQ(code_of(FormText().field("entries", textual).field("text", "\xFF")), ErrorCode::invalid_input);
    EXPECT_EQ(
        code_of(FormText().field("entries", textual).field("text", std::string(9'000, 'x'))),
        ErrorCode::prompt_too_long
    );
    for (const char* entries :
         {"", "[]", "{", "{}", R"({"clip":{}})", R"({"clip":[]})", R"({"clip":{"visual":1}})",
          R"({"clip":{"visual":{}}})", R"({"clip":{"visual":{"modelName":1}}})"}) {
        const auto job = read(FormText().field("entries", entries).file("image", "blob", "JPEG"));
        ASSERT_FALSE(job) << entries;
        EXPECT_TRUE(
            job.error().code == ErrorCode::invalid_input || job.error().code == ErrorCode::invalid_json
        );
    }
    EXPECT_EQ(
        code_of(FormText()
                    .field("entries", R"({"clip":{"visual":{"modelName":"a"},"textual":{"modelName":"a"}}})")
                    .file("image", "blob", "JPEG")),
        ErrorCode::unsupported
    );
}

TEST(Immich, TheVectorIsATextThatHoldsJson) {
    Caption made;
    made.embedding = {.values = {0.6F, -0.8F}, .format = VectorFormat::numbers, .model = "m", .digest = "d"};
    EXPECT_EQ(format_prediction(made), R"({"clip":"[0.6,-0.8]"})");
    made.images.push_back({.size = {.width = 1080, .height = 1440}});
    const Json json = Json::parse(format_prediction(made));
    EXPECT_EQ(json.at("imageHeight"), 1440);
    EXPECT_EQ(json.at("imageWidth"), 1080);
    EXPECT_EQ(json.at("clip"), "[0.6,-0.8]");
}

}  // namespace
}  // namespace vignette
