#include "wire/answer/answer_json.h"

#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "wire/answer/result_json.h"

namespace vignette {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::ordered_json;

AnsweredItem frame(double time, std::string text) {
    AnsweredItem one{.id = {}, .outcome = Caption{}, .timestamp = time};
    one.outcome->text = std::move(text);
    one.outcome->model.model = "demo";
    return one;
}

AnsweredItem failed(double time) {
    return {.id = {}, .outcome = fail(ErrorCode::model_failed, "it failed"), .timestamp = time};
}

Answer a_film(std::vector<AnsweredItem> frames, Result<FilmInfo> info) {
    return {
        .items = std::move(frames), .shape = AnswerShape::frames, .took = 1500ms, .film = std::move(info)
    };
}

FilmInfo some_info() {
    return {
        .duration = 12.5,
        .fps = 25,
        .size = {640, 360},
        .container = "mp4",
        .codec = "h264",
        .warnings = {{.field = "input.max_frames", .message = "more"}}
    };
}

std::vector<std::string> keys(const Json& object) {
    std::vector<std::string> names;
    for (const auto& [name, value] : object.items()) names.push_back(name);
    return names;
}

TEST(AnswerJson, TheFramesOfAFilmAreListedByIndexWithTheirTimes) {
    AnsweredItem twin = frame(1.04, "a cat");
    twin.same_as = 0;
    const Answer answer = a_film({frame(0, "a cat"), twin, failed(2)}, some_info());
    EXPECT_FALSE(answer.all_fine());
    const Json json = Json::parse(format_answer(answer));
    const std::vector<std::string> expected{"descriptions", "timestamps", "failed_indices", "count",
                                            "errors",       "duplicates", "video",          "processing_time",
                                            "model_info",   "warnings"};
    EXPECT_EQ(keys(json), expected);
    EXPECT_EQ(json["descriptions"].dump(), R"(["a cat","a cat",null])");
    EXPECT_EQ(json["timestamps"].dump(), "[0.0,1.04,2.0]");
    EXPECT_EQ(json["failed_indices"].dump(), "[2]");
    EXPECT_EQ(json["count"], 3);
    EXPECT_EQ(
        json["errors"].dump(),
        R"([{"error":{"code":"model_failed","message":"it failed","retryable":false},"index":2}])"
    );
    EXPECT_EQ(json["duplicates"].dump(), "[[1,0]]");
    EXPECT_EQ(
        json["video"].dump(),
        R"({"duration":12.5,"fps":25.0,"width":640,"height":360,"container":"mp4","codec":"h264"})"
    );
    EXPECT_EQ(json["processing_time"], 1.5);
    EXPECT_EQ(json["warnings"].dump(), R"([{"field":"input.max_frames","message":"more"}])");
}

AnsweredItem whole_film(std::string text) {
    AnsweredItem one{.id = {}, .outcome = Caption{}, .same_as = {}};
    one.outcome->text = std::move(text);
    one.outcome->timestamps = {0, 0.5, 1};
    one.outcome->warnings = {{.field = "input", .message = "first"}};
    return one;
}

TEST(AnswerJson, AFilmThatWasLookedAtAsAWholeIsOneResultWithItsTimes) {
    Answer answer = a_film({}, some_info());
    answer.items.push_back(whole_film("a cat jumps"));
    answer.shape = AnswerShape::single;
    const Json json = Json::parse(format_answer(answer));
    EXPECT_EQ(json["caption"], "a cat jumps");
    EXPECT_EQ(json["timestamps"], (Json{0.0, 0.5, 1.0}));
    EXPECT_FALSE(json.contains("timestamp"));
    EXPECT_EQ(json["video"]["duration"], 12.5);
    EXPECT_EQ(json["warnings"].size(), 2U);
    EXPECT_EQ(json["warnings"][1]["field"], "input.max_frames");
}

TEST(AnswerJson, AFilmThatWasLookedAtAsAWholeAndEndedEarlySaysWhy) {
    Answer answer = a_film({}, fail(ErrorCode::truncated_image, "cut", "input.video"));
    answer.items.push_back(whole_film("a cat"));
    answer.shape = AnswerShape::single;
    const Json json = Json::parse(format_answer(answer));
    EXPECT_EQ(json["caption"], "a cat");
    EXPECT_EQ(json["incomplete"]["code"], "truncated_image");
}

TEST(AnswerJson, AFilmThatEndedEarlyKeepsWhatWasDescribedAndSaysWhy) {
    const Answer answer = a_film({frame(0, "a cat")}, fail(ErrorCode::truncated_image, "cut", "input.video"));
    EXPECT_FALSE(answer.all_fine());
    const Json json = Json::parse(format_answer(answer));
    EXPECT_EQ(json["descriptions"].dump(), R"(["a cat"])");
    EXPECT_EQ(json["incomplete"]["code"], "truncated_image");
    EXPECT_EQ(json["incomplete"]["field"], "input.video");
    EXPECT_FALSE(json.contains("error")) << "the platform would take the job for failed";
    EXPECT_FALSE(json.contains("video"));
}

TEST(AnswerJson, AWarningOfSeveralFramesIsGivenOnce) {
    std::vector<AnsweredItem> frames;
    for (int i = 0; i < 3; ++i) {
        AnsweredItem one = frame(i, "a cat");
        one.outcome->warnings = {{.field = "input.max_length", .message = "clamped"}};
        if (i == 2) one.outcome->warnings.push_back({.field = "input", .message = "repeats"});
        frames.push_back(std::move(one));
    }
    const Json json = Json::parse(format_answer(a_film(std::move(frames), FilmInfo{})));
    EXPECT_EQ(
        json["warnings"].dump(), R"([{"field":"input.max_length","message":"clamped","index":0},)"
                                 R"({"field":"input","message":"repeats","index":2}])"
    );
    EXPECT_EQ(keys(json["video"]), (std::vector<std::string>{"width", "height", "container", "codec"}))
        << "what the file does not say is left out";
}

TEST(AnswerJson, VectorsAreListedIfThereIsOne) {
    AnsweredItem one = frame(0, "a cat");
    one.outcome->embedding = Embedding{.values = {0.5F, 0.25F}};
    const Json json = Json::parse(format_answer(a_film({one, failed(1)}, FilmInfo{})));
    EXPECT_EQ(json["embeddings"].dump(), "[[0.5,0.25],null]");
}

TEST(AnswerJson, AFrameStartsWithItsTimeThenLooksLikeAPicture) {
    AnsweredItem one = frame(1.5, "a cat");
    one.same_as = 1;
    const Json json = Json::parse(format_item(one));
    EXPECT_EQ(json["timestamp"], 1.5);
    EXPECT_EQ(json["same_as"], 1);
    EXPECT_EQ(json["caption"], "a cat");
    EXPECT_EQ(Json::parse(format_item(failed(2)))["error"]["code"], "model_failed");
}

Caption some_caption() {
    Caption caption;
    caption.text = "a red square";
    caption.model.model = "demo";
    return caption;
}

Answer a_batch(std::vector<AnsweredItem> items, std::chrono::duration<double> took) {
    return {.items = std::move(items), .shape = AnswerShape::batch, .took = took};
}

std::vector<AnsweredItem> three_items() {
    const Result<Caption> failed = fail(ErrorCode::empty_image, "is empty", "input.images[1]");
    return {
        {.id = {}, .outcome = some_caption()},
        {.id = {}, .outcome = failed},
        {.id = "c", .outcome = some_caption()},
    };
}

TEST(AnswerJson, ABatchIsAListInOrderAndItsCounts) {
    const Json json = Json::parse(format_answer(a_batch(three_items(), 1500ms)));
    EXPECT_EQ(keys(json), (std::vector<std::string>{"results", "count", "failed", "processing_time"}));
    EXPECT_EQ(json["count"], 3);
    EXPECT_EQ(json["failed"], 1);
    EXPECT_EQ(json["processing_time"].dump(), "1.5");
    EXPECT_EQ(json["results"][0], Json::parse(format_result(some_caption())));
    EXPECT_EQ(
        json["results"][1].dump(),
        R"({"error":{"code":"empty_image","message":"is empty","retryable":false,"field":"input.images[1]"}})"
    );
}

TEST(AnswerJson, AnItemsOwnIdComesFirst) {
    std::vector<AnsweredItem> items = three_items();
    items[1].id = "b";
    const Json json = Json::parse(format_answer(a_batch(items, 1s)));
    EXPECT_EQ(keys(json["results"][1]), (std::vector<std::string>{"id", "error"}));
    EXPECT_EQ(json["results"][2]["id"], "c");
    EXPECT_EQ(keys(json["results"][2])[0], "id");
    EXPECT_EQ(keys(json["results"][2])[1], "caption");
}

TEST(AnswerJson, ABatchOfOneIsAListAndOnePictureIsNot) {
    const std::vector<AnsweredItem> one{{.id = {}, .outcome = some_caption()}};
    EXPECT_EQ(
        format_answer({.items = one, .shape = AnswerShape::single, .took = 1s}), format_result(some_caption())
    );
    EXPECT_EQ(
        format_answer({.items = one, .shape = AnswerShape::batch, .took = 1s}),
        format_answer(a_batch(one, 1s))
    );
}

TEST(AnswerJson, ANumberThatIsNotFiniteIsNull) {
    for (const double seconds :
         {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
        const std::string text =
            format_answer(a_batch(three_items(), std::chrono::duration<double>(seconds)));
        EXPECT_TRUE(Json::parse(text)["processing_time"].is_null()) << text;
    }
}

TEST(AnswerJson, FramesAreListedByIndexAndAFailedOneIsNullWithAnError) {
    std::vector<AnsweredItem> items;
    items.push_back({.id = {}, .outcome = some_caption()});
    items.push_back({.id = {}, .outcome = fail(ErrorCode::bad_base64, "not base64", "input.frames[1]")});
    items.push_back({.id = {}, .outcome = some_caption()});
    items[2].outcome->text = "a cat";
    items[2].outcome->warnings = {{.field = "input.x", .message = "unknown"}};
    const Json json = Json::parse(format_answer({.items = items, .shape = AnswerShape::frames, .took = 2s}));
    EXPECT_EQ(json["descriptions"].size(), 3U);
    EXPECT_TRUE(json["descriptions"][1].is_null());
    EXPECT_EQ(json["descriptions"][2], "a cat");
    EXPECT_EQ(json["failed_indices"].dump(), "[1]");
    EXPECT_EQ(json["count"], 3);
    ASSERT_EQ(json["errors"].size(), 1U);
    EXPECT_EQ(json["errors"][0]["index"], 1);
    EXPECT_EQ(json["errors"][0]["error"]["code"], "bad_base64");
    EXPECT_EQ(json["warnings"][0]["index"], 2);
    EXPECT_EQ(json["model_info"]["model"], "demo");
    EXPECT_FALSE(json.contains("embeddings"));
    items[0].outcome->embedding = Embedding{.values = {0.1F, -1.0F, 0.0F}};
    const Json embedded =
        Json::parse(format_answer({.items = items, .shape = AnswerShape::frames, .took = 2s}));
    EXPECT_EQ(embedded["embeddings"][0].size(), 3U);
    EXPECT_TRUE(embedded["embeddings"][1].is_null());
}

}  // namespace
}  // namespace vignette
