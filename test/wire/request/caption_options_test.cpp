// The options about a caption: what arrives, what is legal, which names mean the same.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "core/enum_text.h"
#include "wire/request/sole_job.h"

namespace vignette {
namespace {

std::string with(std::string_view fields) {
    return R"({"input":{"image":"QUJD",)" + std::string(fields) + "}}";
}

CaptionOptions options_of(std::string_view fields) {
    const Result<Job> job = sole_job(with(fields));
    EXPECT_TRUE(job.has_value()) << fields << ": " << (job ? "" : job.error().message);
    if (!job) return {};
    EXPECT_TRUE(job->warnings.empty()) << fields;
    return job->options;
}

void expect_refused(std::string_view fields, std::string_view field, std::string_view words) {
    const Result<Job> job = sole_job(with(fields));
    ASSERT_FALSE(job.has_value()) << fields;
    EXPECT_EQ(job.error().code, ErrorCode::invalid_input) << fields << ": " << job.error().message;
    EXPECT_EQ(job.error().field, "input." + std::string(field)) << fields;
    EXPECT_NE(job.error().message.find(words), std::string::npos) << fields << ": " << job.error().message;
}

TEST(CaptionOptionsJson, EveryOptionArrives) {
    const CaptionOptions options = options_of(
        R"("preset":"json","schema":{ "type" : "object", "x":[1,{"y":"}"}] },"prefix":"A dog","max_length":30,)"
        R"("min_length":2,"num_beams":3,"n":2,"length_penalty":-0.5,"temperature":0.7,"top_k":40,"top_p":0.9,)"
        R"("min_p":0.05,"seed":9007199254740992,"repetition_penalty":1.2,"no_repeat_ngram_size":3,)"
        R"("loop_guard":false,"stop":["\n","###"],"bad_words":"cat","return_tokens":true,"logprobs":true,)"
        R"("picture_tokens":64)"
    );
    CaptionOptions expected;
    expected.preset = Preset::json;
    expected.schema = R"({ "type" : "object", "x":[1,{"y":"}"}] })";
    expected.prefix = "A dog";
    expected.max_length = 30;
    expected.min_length = 2;
    expected.num_beams = 3;
    expected.n = 2;
    expected.length_penalty = -0.5;
    expected.temperature = 0.7;
    expected.top_k = 40;
    expected.top_p = 0.9;
    expected.min_p = 0.05;
    expected.seed = 9007199254740992;
    expected.repetition_penalty = 1.2;
    expected.no_repeat_ngram_size = 3;
    expected.loop_guard = false;
    expected.stop = {"\n", "###"};
    expected.bad_words = {"cat"};
    expected.return_tokens = true;
    expected.logprobs = true;
    expected.picture_tokens = 64;
    EXPECT_EQ(options, expected);
}

TEST(CaptionOptionsJson, WhatIsNotThereStaysUnset) {
    EXPECT_EQ(
        options_of(R"("temperature":null,"stop":null,"stop_sequences":null,"schema":null,"seed":null)"),
        CaptionOptions{}
    );
    EXPECT_EQ(options_of(R"("stop":[],"bad_words":[])"), CaptionOptions{});
}

TEST(CaptionOptionsJson, EveryPresetHasItsName) {
    for (const Preset preset : presets)
        EXPECT_EQ(options_of("\"preset\":\"" + std::string(to_text(preset)) + "\"").preset, preset);
    expect_refused(
        R"("preset":"poem")", "preset",
        "must be one of alt_text, one_sentence, detailed, tags, production, json, grounding, not "
        "\"poem\""
    );
}

TEST(CaptionOptionsJson, ANameOfAnotherProgramMeansOurs) {
    EXPECT_EQ(options_of(R"("max_new_tokens":12)").max_length, 12);
    EXPECT_EQ(options_of(R"("max_tokens":12)").max_length, 12);
    EXPECT_EQ(options_of(R"("stop_sequences":"x")").stop, std::vector<std::string>{"x"});
    EXPECT_EQ(options_of(R"("max_length":null,"max_tokens":12)").max_length, 12);
}

TEST(CaptionOptionsJson, TwoNamesForOneOptionAreRefused) {
    expect_refused(
        R"("max_length":12,"max_tokens":12)", "max_tokens",
        "input.max_tokens means the same as input.max_length; send one of them"
    );
    expect_refused(R"("stop_sequences":[],"stop":"x")", "stop", "the same as input.stop_sequences");
}

TEST(CaptionOptionsJson, ANumberOutsideItsRangeIsRefusedWithTheRange) {
    expect_refused(R"("temperature":-0.1)", "temperature", "must be a number from 0 to 100, not -0.1");
    expect_refused(R"("temperature":1e999)", "temperature", "from 0 to 100, not 1e999");
    expect_refused(R"("temperature":100.5)", "temperature", "from 0 to 100");
    expect_refused(R"("top_p":0)", "top_p", "must be a number above 0 and at most 1, not 0");
    expect_refused(R"("top_p":1.01)", "top_p", "above 0 and at most 1");
    expect_refused(R"("min_p":-1)", "min_p", "from 0 to 1");
    expect_refused(R"("repetition_penalty":0)", "repetition_penalty", "from 0.01 to 100");
    expect_refused(R"("length_penalty":11)", "length_penalty", "from -10 to 10");
    expect_refused(R"("top_k":-1)", "top_k", "whole number from 0");
    expect_refused(R"("seed":1.5)", "seed", "whole number");
    expect_refused(R"("n":"2")", "n", "write 2 instead of \"2\"");
    expect_refused(
        R"("temperature":"0.7")", "temperature", "must be a number, not a string: write 0.7 instead"
    );
    expect_refused(R"("temperature":true)", "temperature", "must be a number, not a boolean");
    EXPECT_EQ(options_of(R"("temperature":0,"top_p":1,"min_p":0)").top_p, 1);
}

TEST(CaptionOptionsJson, AStopIsAShortTextAndThereAreFew) {
    const std::string longest(128, 'x');
    EXPECT_EQ(options_of("\"stop\":\"" + longest + "\"").stop.front(), longest);
    expect_refused("\"stop\":\"" + longest + "x\"", "stop", "has 129 bytes; shorten it to 128");
    expect_refused(R"("stop":"")", "stop", "is empty; leave it out");
    expect_refused(R"("stop":["a",""])", "stop[1]", "is empty");
    expect_refused(R"("stop":["a",1])", "stop[1]", "must be a string, not a number");
    expect_refused(R"("stop":7)", "stop", "must be a string or an array of strings, not a number");
    expect_refused(R"("stop":["1","2","3","4","5","6","7","8","9"])", "stop", "holds more than 8 texts");
}

TEST(CaptionOptionsJson, ForbiddenWordsAreAsManyAsTheLimitSays) {
    std::string words = "\"a\"";
    for (int i = 1; i < 64; ++i) words += ",\"a\"";
    EXPECT_EQ(options_of("\"bad_words\":[" + words + "]").bad_words.size(), 64U);
    expect_refused("\"bad_words\":[" + words + ",\"a\"]", "bad_words", "holds more than 64 texts");
}

TEST(CaptionOptionsJson, ASchemaIsAnObjectOfABoundedSize) {
    expect_refused(
        R"("schema":"{}")", "schema", R"(must be a JSON schema, such as {"type": "object"}, not a string)"
    );
    expect_refused(R"("schema":[])", "schema", "not an array");
    const std::string filling(64 * KiB - 8, 'x');
    EXPECT_EQ(options_of(R"("schema":{"a":")" + filling + "\"}").schema->size(), 64 * KiB);
    expect_refused(R"("schema":{"a": ")" + filling + "\"}", "schema", "has 65537 bytes; shorten it to 65536");
}

TEST(CaptionOptionsJson, ABrokenSchemaIsBrokenJson) {
    for (const std::string_view schema :
         {R"({"a":01})", R"({"a":tru})", R"({"a":"\q"})", R"({"a":1,})", R"({"a")"}) {
        const Result<Job> job = sole_job(with("\"schema\":" + std::string(schema)));
        ASSERT_FALSE(job.has_value()) << schema;
        EXPECT_EQ(job.error().code, ErrorCode::invalid_json) << schema;
    }
}

TEST(CaptionOptionsJson, APictureOfABatchSaysForItselfWhatItSaysAndTakesTheRestFromItsJob) {
    const Result<Request> request = parse_request(
        R"({"input":{"temperature":0.5,"stop":["a"],"logprobs":true,"max_tokens":7,"seed":3,"images":[)"
        R"({"image":"QUJD"},{"image":"QUJD","temperature":0,"stop":[],"logprobs":false,"max_length":9,"seed":null}]}})",
        Limits{}
    );
    ASSERT_TRUE(request.has_value()) << request.error().message;
    const CaptionOptions& first = request->items[0].job->options;
    EXPECT_EQ(first.temperature, 0.5);
    EXPECT_EQ(first.stop, std::vector<std::string>{"a"});
    EXPECT_TRUE(first.logprobs);
    EXPECT_EQ(first.max_length, 7);
    const CaptionOptions& second = request->items[1].job->options;
    EXPECT_EQ(second.temperature, 0);
    EXPECT_TRUE(second.stop.empty());
    EXPECT_FALSE(second.logprobs);
    EXPECT_EQ(second.max_length, 9);
    EXPECT_EQ(second.seed, 3);
}

TEST(CaptionOptionsJson, AnItemsWrongOptionSpoilsNeitherTheNextFieldNorTheNextItem) {
    const std::string large = "{\"a\":\"" + std::string(64 * KiB, 'x') + "\"}";
    for (const std::string& wrong :
         {std::string(R"("stop":[{"a":[1]},"b"])"), std::string(R"("stop":["",{"a":1}])"),
          std::string(R"("stop":["1","2","3","4","5","6","7","8",[9],10])"),
          std::string(R"("stop":[[["x"]]])"), "\"schema\":" + large, std::string(R"("schema":[{"a":1}])"),
          std::string(R"("preset":{"a":[1]})"), std::string(R"("temperature":[[1]])"),
          std::string(R"("temperature":-1)"), std::string(R"("n":"two")"),
          std::string(R"("prefix":{"a":1})")}) {
        const Result<Request> request = parse_request(
            R"({"input":{"images":[{"id":"a",)" + wrong + R"(,"image":"QUJD"},{"id":"b","image":"QUJD"}]}})",
            Limits{}
        );
        ASSERT_TRUE(request.has_value()) << wrong.substr(0, 40) << request.error().message;
        ASSERT_EQ(request->items.size(), 2U);
        ASSERT_FALSE(request->items[0].job.has_value());
        EXPECT_EQ(request->items[0].job.error().code, ErrorCode::invalid_input);
        EXPECT_TRUE(request->items[0].job.error().field.starts_with("input.images[0]."))
            << wrong.substr(0, 40);
        EXPECT_EQ(request->items[0].id, "a");
        EXPECT_TRUE(request->items[1].job.has_value());
        EXPECT_EQ(request->items[1].id, "b");
    }
}

TEST(CaptionOptionsJson, BrokenJsonInAnItemsOptionSpoilsTheRequest) {
    for (const char* broken :
         {R"("stop":[{"image":"x":0}])", R"("stop":["",{"a":01}])", R"("stop":[1,tru])",
          R"("schema":{"a":01})"}) {
        const Result<Request> request =
            parse_request(R"({"input":{"images":[{"image":"QUJD",)" + std::string(broken) + "}]}}", Limits{});
        ASSERT_FALSE(request.has_value()) << broken;
        EXPECT_EQ(request.error().code, ErrorCode::invalid_json) << broken;
    }
}

}  // namespace
}  // namespace vignette
