// Schemas that want to eat time or memory, or are wrong: each is an error that says so, or stays in its
// bounds.
#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <string>
#include <vector>

#include "golden_tokenizer.h"
#include "text/guide.h"

namespace vignette {
namespace {

using nlohmann::json;

Result<Guide> guide_for(const std::string& schema) {
    const Tokenizer& tokenizer = testing::golden_tokenizer("tokenizer");
    const std::vector<TokenId> ends{tokenizer.id_of("</s>").value()};
    return Guide::from_schema(tokenizer, schema, ends, static_cast<int>(tokenizer.vocabulary()));
}

void expect_invalid(const std::string& schema, const std::string& why) {
    const auto guide = guide_for(schema);
    ASSERT_FALSE(guide) << schema.substr(0, 200);
    EXPECT_EQ(guide.error().code, ErrorCode::invalid_input);
    EXPECT_EQ(guide.error().field, "");
    EXPECT_NE(guide.error().message.find(why), std::string::npos) << guide.error().message;
    EXPECT_NE(guide.error().message.find("; correct it"), std::string::npos) << guide.error().message;
    EXPECT_LT(guide.error().message.size(), 1500u);
}

json list_of(int count, const std::function<json(int)>& make) {
    json list = json::array();
    for (int index = 0; index < count; ++index) list.push_back(make(index));
    return list;
}

json object_of(int count, const std::function<json(int)>& make) {
    json object = json::object();
    for (int index = 0; index < count; ++index) object["p" + std::to_string(index)] = make(index);
    return object;
}

json nested(int depth, json inner, const std::function<json(json)>& wrap) {
    for (int level = 0; level < depth; ++level) inner = wrap(std::move(inner));
    return inner;
}

json text_like(const std::string& pattern) { return {{"type", "string"}, {"pattern", pattern}}; }

TEST(GuideSchema, WhatIsNoSchemaIsRefusedWithTheReason) {
    expect_invalid("", "not JSON");
    expect_invalid("{", "not JSON");
    expect_invalid("\xff", "not JSON");
    expect_invalid(std::string("{\"type\":\"string\0\"}", 18), "not JSON");
    expect_invalid(R"({"minimum":1e400})", "not JSON");
    expect_invalid("[]", "not a JSON object");
    expect_invalid("true", "not a JSON object");
    expect_invalid(R"({"type":"strung"})", "strung");
    expect_invalid(R"({"type":7})", "type");
    expect_invalid(R"({"not":{"type":"string"}})", "not");
    expect_invalid(R"({"$ref":"#/nowhere"})", "nowhere");
    expect_invalid(R"({"$ref":"https://example.com/schema.json"})", "example.com");
    expect_invalid(text_like("((").dump(), "regex");
    expect_invalid(text_like(R"(^(?=.*a)b$)").dump(), "look-around");
    expect_invalid(R"({"oneOf":[{"type":"string"},{"maxLength":3}]})", "oneOf");
}

TEST(GuideSchema, WhatNoTextCanFitIsRefused) {
    expect_invalid(R"({"type":"string","minLength":5,"maxLength":3})", "minLength");
    expect_invalid(R"({"type":"string","pattern":"^a$","minLength":3})", "empty");
    expect_invalid(R"({"properties":{"a":false},"required":["a"],"type":"object"})", "'a'");
    expect_invalid(R"({"$ref":"#"})", "no text can fit");
    expect_invalid(
        R"({"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}}})",
        "no text can fit"
    );
}

TEST(GuideSchema, WhatIsTooLargeIsRefusedBeforeItIsRead) {
    expect_invalid(json{{"description", std::string(70'000, 'x')}}.dump(), "bytes");
    expect_invalid(std::string(60'000, '['), "recursion");
    expect_invalid(
        nested(50, json::object(), [](json inner) { return json{{"items", std::move(inner)}}; }).dump(),
        "deeper"
    );
    expect_invalid(json{{"enum", list_of(2000, [](int index) { return index; })}}.dump(), "entries");
    expect_invalid(
        json{{"properties", object_of(200, [](int) { return json::object(); })}}.dump(), "members"
    );
    expect_invalid(text_like(std::string(600, 'a')).dump(), "pattern");
    for (const char* size :
         {"minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"})
        for (const auto& value : {"100000", "1000000000000000", "1e18"})
            expect_invalid("{\"properties\":{\"a\":{\"" + std::string(size) + "\":" + value + "}}}", size);
}

std::vector<json> hungry_schemas() {
    std::vector<json> schemas;
    for (const char* pattern : {
             "^(((((a{100}){100}){100}){100}){100})$",
             "(a|b|ab)*(c|d|cd)*.{0,100}x.{100}$",
             "^(.*a){40}.{200}$",
             ".*a.{15}.*b.{15}.*c.{17}$",
             "\\w{1000}\\p{L}{1000}",
             "(x+x+)+y",
         })
        schemas.push_back(text_like(pattern));
    schemas.push_back({{"type", "string"}, {"pattern", "^(?:a?){200}a{200}$"}, {"maxLength", 1000}});
    schemas.push_back({{"type", "string"}, {"minLength", 2048}});
    schemas.push_back({{"type", "integer"}, {"multipleOf", 999'999'937}});
    schemas.push_back({{"type", "number"}, {"minimum", 1e-300}, {"maximum", 1e300}});
    schemas.push_back(
        {{"type", "array"}, {"minItems", 256}, {"items", {{"type", "string"}, {"minLength", 2048}}}}
    );
    schemas.push_back(nested(7, {{"type", "null"}}, [](json inner) {
        return json{{"type", "array"}, {"minItems", 256}, {"items", std::move(inner)}};
    }));
    schemas.push_back(
        {{"enum", list_of(900, [](int index) { return std::string(60, 'x') + std::to_string(index); })}}
    );
    schemas.push_back({{"anyOf", list_of(900, [](int index) {
                            return json{
                                {"type", "object"}, {"properties", {{std::to_string(index), json::object()}}}
                            };
                        })}});
    schemas.push_back(
        {{"oneOf", list_of(1000, [](int index) { return json{{"const", std::to_string(index)}}; })}}
    );
    schemas.push_back(
        {{"type", "object"},
         {"properties", object_of(128, [](int) { return json::object(); })},
         {"additionalProperties", false},
         {"minProperties", 1}}
    );
    schemas.push_back({{"type", "object"}, {"properties", object_of(128, [](int index) {
                                                return text_like(
                                                    ".*[a-z]" + std::to_string(index) + ".{20}x.{20}.*"
                                                );
                                            })}});
    schemas.push_back({{"allOf", list_of(10, [](int row) {
                            return json{{"anyOf", list_of(10, [row](int column) {
                                             const std::string name =
                                                 std::to_string(row) + "_" + std::to_string(column);
                                             return json{
                                                 {"type", "object"}, {"properties", {{name, json::object()}}}
                                             };
                                         })}};
                        })}});
    json doubling{{"$ref", "#/$defs/p0"}, {"$defs", object_of(40, [](int index) {
                                               const json next{
                                                   {"$ref", "#/$defs/p" + std::to_string(index + 1)}
                                               };
                                               return json{{index % 2 == 0 ? "allOf" : "anyOf", {next, next}}
                                               };
                                           })}};
    doubling["$defs"]["p40"] = {{"type", "null"}};
    schemas.push_back(doubling);
    schemas.push_back({{"type", "array"}, {"items", {{"$ref", "#"}}}, {"minItems", 1}});
    return schemas;
}

TEST(GuideSchema, AHungrySchemaIsRefusedOrStaysInItsBounds) {
    for (const json& schema : hungry_schemas()) {
        auto guide = guide_for(schema.dump());
        if (!guide) {
            EXPECT_EQ(guide.error().code, ErrorCode::invalid_input) << guide.error().message;
            continue;
        }
        std::mt19937 dice(11);
        for (int step = 0; step < 200; ++step) {
            const auto words = guide->allowed();
            if (!words) {
                EXPECT_EQ(words.error().code, ErrorCode::invalid_input) << words.error().message;
                break;
            }
            std::vector<int> ids;
            for (int id = 0; id < static_cast<int>(words->size()) * 32; ++id)
                if (((*words)[static_cast<std::size_t>(id) / 32] >> (id % 32) & 1) != 0) ids.push_back(id);
            ASSERT_FALSE(ids.empty());
            const bool was_complete = guide->complete();
            const auto taken = guide->accept(TokenId{ids[dice() % ids.size()]});
            EXPECT_TRUE(taken || taken.error().code == ErrorCode::invalid_input);
            if (!taken || was_complete) break;
        }
    }
}

}  // namespace
}  // namespace vignette
