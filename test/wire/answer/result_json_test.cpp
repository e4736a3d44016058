#include "wire/answer/result_json.h"

#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace vignette::result_json_test {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::ordered_json;

Caption some_caption() {
    Caption caption;
    caption.text = "a red \"square\"\nabove a circle";
    caption.finish = FinishReason::length;
    caption.model = {
        .model = "demo",
        .family = "blip2",
        .digest = "sha256:1",
        .device = "cpu",
        .dtype = "float32",
        .weights = "int8",
        .prompt = "a photo of",
        .max_length = 40,
        .min_length = 8,
        .num_beams = 3,
    };
    caption.images = {{.size = {640, 480}, .format = ImageFormat::png}};
    caption.timings = {.decode = 1234us, .total = 20'500us};
    return caption;
}

Json parsed(const Result<Caption>& outcome) { return Json::parse(format_result(outcome)); }

std::vector<std::string> keys(const Json& object) {
    std::vector<std::string> names;
    for (const auto& [name, value] : object.items()) names.push_back(name);
    return names;
}

TEST(ResultJson, TheCaptionComesFirstAndWhatNobodyAskedForIsLeftOut) {
    const std::vector<std::string> expected{"caption", "processing_time", "model_info",
                                            "timings", "image",           "finish_reason"};
    EXPECT_EQ(keys(parsed(some_caption())), expected);
}

TEST(ResultJson, ACaptionComesWithEverythingThatMadeIt) {
    const Json json = parsed(some_caption());
    EXPECT_EQ(json["caption"], "a red \"square\"\nabove a circle");
    EXPECT_EQ(json["finish_reason"], "length");
    EXPECT_EQ(json["image"].dump(), R"({"width":640,"height":480,"format":"png"})");
    EXPECT_EQ(
        json["model_info"].dump(),
        R"({"model":"demo","family":"blip2","device":"cpu","dtype":"float32","weights":"int8","digest":"sha256:1",)"
        R"("prompt":"a photo of","max_length":40,"min_length":8,"num_beams":3})"
    );
}

TEST(ResultJson, StagesAreMillisecondsAndTheWholeIsSeconds) {
    const Json json = parsed(some_caption());
    EXPECT_EQ(
        json["timings"].dump(),
        R"({"fetch":0.0,"decode":1.234,"preprocess":0.0,"queue":0.0,"vision":0.0,"prefill":0.0,)"
        R"("decode_steps":0.0,"total":20.5})"
    );
    EXPECT_EQ(json["processing_time"].dump(), "0.0205");
}

TEST(ResultJson, TokensAreGivenOnlyWhenAskedFor) {
    Caption caption = some_caption();
    caption.tokens = {TokenId{102}, TokenId{50118}};
    EXPECT_FALSE(parsed(caption).contains("tokens"));
    caption.return_tokens = true;
    EXPECT_EQ(parsed(caption)["tokens"].dump(), "[102,50118]");
    caption.tokens.clear();
    EXPECT_EQ(parsed(caption)["tokens"].dump(), "[]");
}

TEST(ResultJson, OnlyTheModelSettingsInForceAreGiven) {
    Caption caption = some_caption();
    caption.model.num_beams = 1;
    caption.model.length_penalty = 2;
    caption.model.preset = "alt_text";
    caption.model.temperature = 0.5;
    caption.model.top_k = 50;
    caption.model.top_p = 0.25;
    caption.model.min_p = 0;
    caption.model.seed = 9007199254740993;
    caption.model.repetition_penalty = 1.5;
    caption.model.no_repeat_ngram_size = 3;
    const std::string told = parsed(caption)["model_info"].dump();
    EXPECT_TRUE(told.ends_with(
        R"("num_beams":1,"length_penalty":2.0,"preset":"alt_text","temperature":0.5,"top_k":50,"top_p":0.25,)"
        R"("min_p":0.0,"seed":9007199254740993,"repetition_penalty":1.5,"no_repeat_ngram_size":3})"
    )) << told;
}

TEST(ResultJson, AlternativesAreAListWithScores) {
    Caption caption = some_caption();
    caption.alternatives = {
        {.text = "a dog", .score = -0.5F}, {.text = "a cat", .score = -1, .finish = FinishReason::loop}
    };
    EXPECT_EQ(
        parsed(caption)["captions"].dump(), R"([{"caption":"a dog","score":-0.5,"finish_reason":"stop"},)"
                                            R"({"caption":"a cat","score":-1.0,"finish_reason":"loop"}])"
    );
}

TEST(ResultJson, EachTokenHasItsProbabilityAndTheCaptionTheirMean) {
    Caption caption = some_caption();
    caption.tokens = {TokenId{102}, TokenId{50118}};
    caption.logprobs = {-0.5F, 0};
    caption.confidence = Confidence{.mean = 0.75, .min = 0.5};
    EXPECT_EQ(
        parsed(caption)["logprobs"].dump(), R"([{"token":102,"logprob":-0.5},{"token":50118,"logprob":0.0}])"
    );
    EXPECT_EQ(parsed(caption)["confidence"].dump(), R"({"mean":0.75,"min":0.5})");
    caption.token_texts = {" a", ""};
    EXPECT_EQ(
        parsed(caption)["logprobs"].dump(),
        R"([{"token":102,"text":" a","logprob":-0.5},{"token":50118,"text":"","logprob":0.0}])"
    );
}

TEST(ResultJson, TagsAreAListEvenAnEmptyOne) {
    Caption caption = some_caption();
    caption.tags = {"dog", "beach"};
    EXPECT_EQ(parsed(caption)["tags"].dump(), R"(["dog","beach"])");
    caption.tags->clear();
    EXPECT_EQ(parsed(caption)["tags"].dump(), "[]");
}

TEST(ResultJson, JsonIsAValueBesideItsTextAndNullIfItWasCutOff) {
    Caption caption = some_caption();
    caption.is_json = true;
    caption.text = R"({"b":[1,true],"a":"x"})";
    EXPECT_EQ(parsed(caption)["caption"], *caption.text);
    EXPECT_EQ(parsed(caption)["json"].dump(), *caption.text);
    caption.text->pop_back();
    EXPECT_TRUE(parsed(caption)["json"].is_null());
    EXPECT_TRUE(parsed(caption).contains("json"));
}

TEST(ResultJson, WarningsAreAListOfFieldAndMessage) {
    Caption caption = some_caption();
    caption.warnings = {{.field = "input.promt", .message = "unknown"}};
    EXPECT_EQ(parsed(caption)["warnings"].dump(), R"([{"field":"input.promt","message":"unknown"}])");
}

TEST(ResultJson, AFailureIsCodeMessageRetryableAndItsField) {
    EXPECT_EQ(
        format_result(fail(ErrorCode::empty_image, "input.image is empty", "input.image")),
        R"({"error":{"code":"empty_image","message":"input.image is empty","retryable":false,"field":"input.image"}})"
    );
}

TEST(ResultJson, AFailureNotCausedByAFieldNamesNone) {
    EXPECT_EQ(
        format_result(fail(ErrorCode::overloaded, "too many jobs wait")),
        R"({"error":{"code":"overloaded","message":"too many jobs wait","retryable":true}})"
    );
}

TEST(ResultJson, BrokenTextOfAModelIsReplacedNotPassedOn) {
    Caption caption = some_caption();
    caption.text = "caf\xC3 \xFF";
    EXPECT_EQ(parsed(caption)["caption"], "caf\xEF\xBF\xBD \xEF\xBF\xBD");
    EXPECT_EQ(parsed(fail(ErrorCode::internal, "\xFF"))["error"]["message"], "\xEF\xBF\xBD");
}

TEST(ResultJson, AnAnswerIsOneLine) {
    EXPECT_EQ(format_result(some_caption()).find('\n'), std::string::npos);
    EXPECT_EQ(format_result(fail(ErrorCode::internal, "two\nlines")).find('\n'), std::string::npos);
}

Caption some_vector(VectorFormat format) {
    Caption made;
    made.task = Task::embed;
    made.embedding =
        Embedding{.values = {0.1F, -1.0F, 0.0F}, .format = format, .model = "clip", .digest = "d"};
    return made;
}

TEST(ResultJson, AVectorIsNumbersOfFewDigitsOrExactBase64) {
    const Json json = parsed(some_vector(VectorFormat::numbers));
    EXPECT_EQ(json["embedding"].dump(), "[0.1,-1.0,0.0]");
    EXPECT_EQ(json["dimensions"], 3);
    EXPECT_EQ(json["embedding_model"]["model"], "clip");
    EXPECT_FALSE(json.contains("caption"));
    EXPECT_EQ(
        parsed(some_vector(VectorFormat::base64))["embedding"], "zczMPQAAgL8AAAAA"
    );  // as Python packs it
    Caption two = some_vector(VectorFormat::base64);
    two.embedding->values = {1.0F};
    EXPECT_EQ(parsed(two)["embedding"], "AACAPw==");
    two.embedding->values = {1.0F, 2.0F};
    EXPECT_EQ(parsed(two)["embedding"], "AACAPwAAAEA=");
}

TEST(ResultJson, IfCaptionsAreOffTheCaptionIsNull) {
    Caption made = some_vector(VectorFormat::numbers);
    made.task = Task::embed_and_caption;
    const Json json = parsed(made);
    EXPECT_TRUE(json.at("caption").is_null());
    EXPECT_FALSE(json.contains("model_info"));
    EXPECT_FALSE(json.contains("finish_reason"));
}

TEST(ResultJson, APictureNotDecodedWholeSaysWhichPartWas) {
    Caption made = some_caption();
    made.images = {{
        .size = {1616, 1080},
        .format = ImageFormat::raw,
        .path = PixelPath::preview,
        .full = {6000, 4000},
        .taken = "2026-05-01T12:30:00",
    }};
    EXPECT_EQ(
        parsed(made)["image"].dump(), R"({"width":1616,"height":1080,"format":"raw","path":"preview",)"
                                      R"("full":{"width":6000,"height":4000},"taken":"2026-05-01T12:30:00"})"
    );
    made.images.front().path = PixelPath::whole;
    EXPECT_FALSE(parsed(made)["image"].contains("path"));
    EXPECT_FALSE(parsed(made)["image"].contains("full"));
    EXPECT_EQ(parsed(made)["image"]["taken"], "2026-05-01T12:30:00");
}

TEST(ResultJson, SeveralPicturesOfOneAnswerAreAList) {
    Caption made = some_caption();
    made.images.push_back({.size = {1, 2}, .format = ImageFormat::webp});
    const Json json = parsed(made);
    EXPECT_EQ(json["images"].size(), 2U);
    EXPECT_FALSE(json.contains("image"));
}

}  // namespace
}  // namespace vignette::result_json_test
