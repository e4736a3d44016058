#include "wire/answer/film_json.h"

#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace vignette {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::ordered_json;

FilmFrame frame(std::size_t index, double time, std::string text) {
    FilmFrame one;
    one.index = index;
    one.timestamp = time;
    one.outcome->text = std::move(text);
    one.outcome->model.model = "demo";
    return one;
}

FilmFrame failed(std::size_t index, double time) {
    FilmFrame one;
    one.index = index;
    one.timestamp = time;
    one.outcome = fail(ErrorCode::model_failed, "it failed");
    return one;
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

TEST(FilmJson, FramesAreAnsweredByPlaceWithTheirTimes) {
    FilmAnswer answer;
    answer.add(frame(0, 0, "a cat"));
    FilmFrame twin = frame(1, 1.04, "a cat");
    twin.same_as = 0;
    answer.add(std::move(twin));
    answer.add(failed(2, 2));
    EXPECT_EQ(answer.described(), 2U);
    const Json json = Json::parse(format_film(answer, some_info(), 1500ms));
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

TEST(FilmJson, AFilmThatEndedTooEarlyKeepsWhatWasDescribedAndSaysWhy) {
    FilmAnswer answer;
    answer.add(frame(0, 0, "a cat"));
    const Json json =
        Json::parse(format_film(answer, fail(ErrorCode::truncated_image, "cut", "input.video"), 1s));
    EXPECT_EQ(json["descriptions"].dump(), R"(["a cat"])");
    EXPECT_EQ(json["incomplete"]["code"], "truncated_image");
    EXPECT_EQ(json["incomplete"]["field"], "input.video");
    EXPECT_FALSE(json.contains("error")) << "the platform would take it for a failed job";
    EXPECT_FALSE(json.contains("video"));
}

TEST(FilmJson, WhatEachFrameIsWarnedOfIsSaidOnce) {
    FilmAnswer answer;
    for (std::size_t i = 0; i < 3; ++i) {
        FilmFrame one = frame(i, static_cast<double>(i), "a cat");
        one.outcome->warnings = {{.field = "input.max_length", .message = "clamped"}};
        if (i == 2) one.outcome->warnings.push_back({.field = "input", .message = "repeats"});
        answer.add(std::move(one));
    }
    const Json json = Json::parse(format_film(answer, FilmInfo{}, 1s));
    EXPECT_EQ(
        json["warnings"].dump(), R"([{"field":"input.max_length","message":"clamped","index":0},)"
                                 R"({"field":"input","message":"repeats","index":2}])"
    );
    EXPECT_EQ(keys(json["video"]), (std::vector<std::string>{"width", "height", "container", "codec"}))
        << "what the file does not say is not there";
}

TEST(FilmJson, VectorsAreThereWhereOneIs) {
    FilmAnswer answer;
    FilmFrame one = frame(0, 0, "a cat");
    one.outcome->embedding = Embedding{.values = {0.5F, 0.25F}};
    answer.add(std::move(one));
    answer.add(failed(1, 1));
    const Json json = Json::parse(format_film(answer, FilmInfo{}, 1s));
    EXPECT_EQ(json["embeddings"].dump(), "[[0.5,0.25],null]");
}

TEST(FilmJson, AFrameIsToldWithItsTimeThenAsAPictureIs) {
    FilmFrame one = frame(3, 1.5, "a cat");
    one.same_as = 1;
    const Json json = Json::parse(format_frame(one));
    EXPECT_EQ(json["timestamp"], 1.5);
    EXPECT_EQ(json["same_as"], 1);
    EXPECT_EQ(json["caption"], "a cat");
    EXPECT_EQ(Json::parse(format_frame(failed(0, 2)))["error"]["code"], "model_failed");
}

}  // namespace
}  // namespace vignette
