#include "runpod/stream_events.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "vignette/bytes.h"

namespace vignette {
namespace {

using Json = nlohmann::json;

StreamEvent words(std::size_t index, std::string text) {
    return {.index = index, .what = Piece{std::move(text)}};
}
StreamEvent finished(std::size_t index, std::string json) {
    return {.index = index, .what = Finished{std::move(json)}};
}

TEST(StreamEvents, WordsOfOnePictureAreJoined) {
    std::vector<StreamEvent> events;
    append_event(events, words(0, "a"));
    append_event(events, words(0, " cat"));
    append_event(events, words(1, "a dog"));
    append_event(events, words(0, " sits"));
    ASSERT_EQ(events.size(), 3U);
    EXPECT_EQ(std::get<Piece>(events[0].what).text, "a cat");
}

TEST(StreamEvents, AFinishedPictureIsAnEventOfItsOwn) {
    std::vector<StreamEvent> events;
    append_event(events, words(0, "a"));
    append_event(events, finished(0, R"({"caption":"a"})"));
    append_event(events, words(0, "b"));
    EXPECT_EQ(events.size(), 3U);
}

TEST(StreamEvents, AChunkStaysBelowAMegabyteAndNothingIsLostOrReordered) {
    std::vector<StreamEvent> events;
    for (std::size_t i = 0; i < 30; ++i)
        append_event(events, finished(i, "\"" + std::string(150'000, 'x') + "\""));
    std::size_t next = 0;
    while (!events.empty()) {
        const std::string chunk = take_chunk(events);
        EXPECT_LE(chunk.size(), 1'000'000U);
        const Json told_chunk = Json::parse(chunk);
        for (const Json& event : told_chunk["output"]["events"]) EXPECT_EQ(event["index"], next++);
    }
    EXPECT_EQ(next, 30U);
}

TEST(StreamEvents, WordsThatGrowWhenEscapedStillFit) {
    std::vector<StreamEvent> events;
    for (int i = 0; i < 100; ++i) append_event(events, words(0, std::string(10'000, '\x01')));
    std::size_t told = 0;
    while (!events.empty()) {
        const std::string chunk = take_chunk(events);
        EXPECT_LE(chunk.size(), 1'000'000U);
        const Json told_chunk = Json::parse(chunk);
        for (const Json& event : told_chunk["output"]["events"]) {
            told += event["text"].get<std::string>().size();
        }
    }
    EXPECT_EQ(told, 1'000'000U);
}

TEST(StreamEvents, AResultLargerThanAChunkIsLeftToTheEnd) {
    std::vector<StreamEvent> events;
    append_event(events, finished(7, "\"" + std::string(2 * MiB, 'x') + "\""));
    const Json chunk = Json::parse(take_chunk(events));
    EXPECT_TRUE(chunk["output"]["events"][0]["result"].contains("left_out"));
    EXPECT_TRUE(events.empty());
}

TEST(StreamEvents, WhatIsWrittenAlreadyGoesOutAsOneText) {
    std::vector<StreamEvent> events;
    for (const char* text : {"data: 1\n\n", "data: 2\n\n"})
        append_event(events, {.index = 0, .id = {}, .what = Written{text}});
    EXPECT_EQ(events.size(), 1U);
    EXPECT_EQ(take_chunk(events), R"({"output":"data: 1\n\ndata: 2\n\n"})");
    EXPECT_TRUE(events.empty());
}

}  // namespace
}  // namespace vignette
