#include "wire/result_json.h"

#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace vignette {
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
        .prompt = "a photo of",
        .max_length = 40,
        .min_length = 8,
        .num_beams = 3,
    };
    caption.image = {.size = {640, 480}, .format = ImageFormat::png};
    caption.timings = {.decode = 1234us, .total = 20'500us};
    return caption;
}

Json parsed(const Result<Caption>& outcome) { return Json::parse(format_result(outcome)); }

std::vector<std::string> keys(const Json& object) {
    std::vector<std::string> names;
    for (const auto& [name, value] : object.items()) names.push_back(name);
    return names;
}

TEST(ResultJson, TheCaptionComesFirstAndWhatNobodyAskedForIsNotThere) {
    const std::vector<std::string> expected{"caption", "processing_time", "model_info",
                                            "timings", "image",           "finish_reason"};
    EXPECT_EQ(keys(parsed(some_caption())), expected);
}

TEST(ResultJson, ACaptionIsToldWithEverythingThatMadeIt) {
    const Json json = parsed(some_caption());
    EXPECT_EQ(json["caption"], "a red \"square\"\nabove a circle");
    EXPECT_EQ(json["finish_reason"], "length");
    EXPECT_EQ(json["image"].dump(), R"({"width":640,"height":480,"format":"png"})");
    EXPECT_EQ(
        json["model_info"].dump(),
        R"({"model":"demo","family":"blip2","device":"cpu","dtype":"float32","digest":"sha256:1",)"
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

TEST(ResultJson, TokensAreThereOnlyWhenAskedFor) {
    Caption caption = some_caption();
    caption.tokens = {TokenId{102}, TokenId{50118}};
    EXPECT_FALSE(parsed(caption).contains("tokens"));
    caption.return_tokens = true;
    EXPECT_EQ(parsed(caption)["tokens"].dump(), "[102,50118]");
    caption.tokens.clear();
    EXPECT_EQ(parsed(caption)["tokens"].dump(), "[]");
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

TEST(ResultJson, AFailureThatNoFieldCausedNamesNone) {
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

std::vector<AnsweredItem> three_items() {
    const Result<Caption> failed = fail(ErrorCode::empty_image, "is empty", "input.images[1]");
    return {
        {.id = {}, .outcome = some_caption()},
        {.id = {}, .outcome = failed},
        {.id = "c", .outcome = some_caption()},
    };
}

TEST(ResultJson, ABatchIsAListInOrderAndItsCounts) {
    const Json json = Json::parse(format_batch(three_items(), 1500ms));
    EXPECT_EQ(keys(json), (std::vector<std::string>{"results", "count", "failed", "processing_time"}));
    EXPECT_EQ(json["count"], 3);
    EXPECT_EQ(json["failed"], 1);
    EXPECT_EQ(json["processing_time"].dump(), "1.5");
    EXPECT_EQ(json["results"][0], parsed(some_caption()));
    EXPECT_EQ(
        json["results"][1].dump(),
        R"({"error":{"code":"empty_image","message":"is empty","retryable":false,"field":"input.images[1]"}})"
    );
}

TEST(ResultJson, AnItemWithAnOwnIdHasItFirst) {
    std::vector<AnsweredItem> items = three_items();
    items[1].id = "b";
    const Json json = Json::parse(format_batch(items, 1s));
    EXPECT_EQ(keys(json["results"][1]), (std::vector<std::string>{"id", "error"}));
    EXPECT_EQ(json["results"][2]["id"], "c");
    EXPECT_EQ(keys(json["results"][2])[0], "id");
    EXPECT_EQ(keys(json["results"][2])[1], "caption");
}

TEST(ResultJson, ABatchOfOneIsAListAndOnePictureIsNot) {
    const std::vector<AnsweredItem> one{{.id = {}, .outcome = some_caption()}};
    EXPECT_EQ(format_answer({.items = one, .batch = false, .took = 1s}), format_result(some_caption()));
    EXPECT_EQ(format_answer({.items = one, .batch = true, .took = 1s}), format_batch(one, 1s));
}

TEST(ResultJson, ANumberThatIsNoneIsNull) {
    for (const double seconds :
         {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
        const std::string text = format_batch(three_items(), std::chrono::duration<double>(seconds));
        EXPECT_TRUE(Json::parse(text)["processing_time"].is_null()) << text;
    }
}

}  // namespace
}  // namespace vignette
