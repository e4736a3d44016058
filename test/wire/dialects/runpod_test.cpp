// What the worker posts, letter by letter: the platform and its SDKs are strict about it.
#include "wire/dialects/runpod.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "wire/answer/answer_json.h"
#include "wire/answer/result_json.h"

namespace vignette::runpod_test {
namespace {

using Json = nlohmann::ordered_json;

const WorkerIdentity worker{.hostname = "host-1", .worker_id = "pod-7"};

// A text of anything: bytes that are no UTF-8, controls, quotes, line separators.
std::vector<std::string> wild_texts() {
    std::vector<std::string> texts{
        "",
        "\"\\/\b\f\n\r\t",
        std::string("\0\x01\x1F\x7F", 4),
        "\xFF\xFE\xC0\x80",
        "cut \xE2\x82",
        "\xED\xA0\x80 half a pair",
        "\xE2\x80\xA8 line separator",
        "\xF0\x9F\x90\x88",
        R"("},{"stopPod":true)",
        "NaN",
        std::string(10'000, '\xE2'),
    };
    std::string all_bytes;
    for (int byte = 0; byte < 256; ++byte) all_bytes += static_cast<char>(byte);
    texts.push_back(all_bytes);
    return texts;
}

TEST(PlatformJson, AnOutputIsPostedAsItIs) {
    EXPECT_EQ(format_done(R"({"caption":"a"})", StopPod::no), R"({"output":{"caption":"a"}})");
    EXPECT_EQ(
        format_done(R"({"caption":"a"})", StopPod::yes), R"({"output":{"caption":"a"},"stopPod":true})"
    );
    EXPECT_EQ(format_done("{}", StopPod::no), R"({"output":{}})");
    EXPECT_EQ(format_done("null", StopPod::no), R"({"output":null})");
}

TEST(PlatformJson, AFailureIsAStringThatHoldsJson) {
    const Error error{ErrorCode::empty_image, "input.image is \"empty\"", "input.image"};
    const std::string inner =
        R"({\"error_type\":\"empty_image\",\"error_message\":\"input.image is \\\"empty\\\"\",)"
        R"(\"hostname\":\"host-1\",\"worker_id\":\"pod-7\",\"version\":\")" VIGNETTE_VERSION
        R"(\",\"retryable\":false,\"field\":\"input.image\"})";
    EXPECT_EQ(format_failed(error, worker, StopPod::no), "{\"error\":\"" + inner + "\"}");
    EXPECT_EQ(format_failed(error, worker, StopPod::yes), "{\"error\":\"" + inner + "\",\"stopPod\":true}");
}

TEST(PlatformJson, AFailureThatNoFieldCausedNamesNone) {
    const Json body = Json::parse(format_failed({ErrorCode::overloaded, "full", ""}, worker, StopPod::no));
    const Json inner = Json::parse(body.at("error").get<std::string>());
    EXPECT_FALSE(inner.contains("field"));
    EXPECT_EQ(inner.at("retryable"), true);
}

TEST(PlatformJson, AChunkIsAListOfEventsInTheirOrder) {
    const std::vector<StreamEvent> events{
        {.index = 0, .id = {}, .what = Piece{"three "}},
        {.index = 1, .id = "b", .what = Piece{"gr\xC3\xBC"}},
        {.index = 1, .id = "b", .what = Finished{R"({"caption":"x"})"}},
        {.index = 0, .id = {}, .what = Finished{R"({"error":{}})"}},
    };
    EXPECT_EQ(
        format_chunk(events),
        R"({"output":{"events":[{"index":0,"text":"three "},{"index":1,"id":"b","text":"grü"},)"
        R"({"index":1,"id":"b","result":{"caption":"x"}},{"index":0,"result":{"error":{}}}]}})"
    );
    EXPECT_EQ(format_chunk({}), R"({"output":{"events":[]}})");
}

TEST(PlatformJson, WhateverTheTextsHoldEveryBodyIsJson) {
    for (const std::string& text : wild_texts()) {
        const Json failed =
            Json::parse(format_failed({ErrorCode::internal, text, text}, {text, text}, StopPod::yes));
        const Json inner = Json::parse(failed.at("error").get<std::string>());
        EXPECT_EQ(inner.at("error_message"), inner.at("worker_id"));
        EXPECT_EQ(failed.size(), 2U);

        Caption caption;
        caption.text = text;
        caption.warnings = {{.field = text, .message = text}};
        const std::string result = format_result(caption);
        const Json chunk = Json::parse(format_chunk(
            {{.index = 3, .id = text, .what = Piece{text}}, {.index = 4, .id = text, .what = Finished{result}}
            }
        ));
        EXPECT_EQ(chunk["output"]["events"].size(), 2U);
        EXPECT_EQ(chunk["output"]["events"][0]["text"], chunk["output"]["events"][1]["result"]["caption"]);

        const Result<Caption> error = fail(ErrorCode::internal, text, text);
        const std::vector<AnsweredItem> items{
            {.id = text, .outcome = caption}, {.id = text, .outcome = error}
        };
        const Json done = Json::parse(format_done(
            format_answer({.items = items, .shape = AnswerShape::batch, .took = {}}), StopPod::yes
        ));
        EXPECT_EQ(done.size(), 2U);
        EXPECT_EQ(done["output"]["count"], 2);
    }
}

}  // namespace
}  // namespace vignette::runpod_test
