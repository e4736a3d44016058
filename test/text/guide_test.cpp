#include "text/guide.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "fits_schema.h"
#include "golden_tokenizer.h"
#include "small_tokenizers.h"

namespace vignette {
namespace {

using nlohmann::json;
using testing::fits;
using testing::golden_tokenizer;

constexpr int padding_rows = 37;  // as models round their vocabulary up

int rows_of(const Tokenizer& tokenizer) { return static_cast<int>(tokenizer.vocabulary()) + padding_rows; }

std::vector<TokenId> ends_of(const Tokenizer& tokenizer) { return {tokenizer.id_of("</s>").value()}; }

Result<Guide> guide_for(const Tokenizer& tokenizer, const std::string& schema) {
    return Guide::from_schema(tokenizer, schema, ends_of(tokenizer), rows_of(tokenizer));
}

bool is_set(std::span<const std::uint32_t> words, int id) {
    return (words[static_cast<std::size_t>(id) / 32] >> (id % 32) & 1) != 0;
}

std::vector<int> set_bits(std::span<const std::uint32_t> words) {
    std::vector<int> ids;
    for (int id = 0; id < static_cast<int>(words.size()) * 32; ++id)
        if (is_set(words, id)) ids.push_back(id);
    return ids;
}

struct Walk {
    std::string text;
    bool is_ended = false;
    std::optional<Error> error;
};

// Says whatever may be said, by the throw of a die. After each token it must be complete exactly if it fits.
Walk walk(const Tokenizer& tokenizer, const json& schema, unsigned seed, int steps_max = 400) {
    auto guide = guide_for(tokenizer, schema.dump());
    if (!guide) return {{}, false, guide.error()};
    const int end = static_cast<int>(ends_of(tokenizer).front());
    std::mt19937 dice(seed);
    std::vector<TokenId> said;
    Walk result;
    for (int step = 0; step < steps_max; ++step) {
        const auto words = guide->allowed();
        if (!words) return {result.text, false, words.error()};
        const auto ids = set_bits(*words);
        EXPECT_FALSE(ids.empty()) << result.text;
        if (ids.empty()) return result;
        EXPECT_LT(ids.back(), static_cast<int>(tokenizer.vocabulary()));
        EXPECT_EQ(is_set(*words, end), fits(result.text, schema)) << result.text;
        EXPECT_EQ(guide->complete(), fits(result.text, schema)) << result.text;
        const int id = ids[dice() % ids.size()];
        const auto taken = guide->accept(TokenId{id});
        if (!taken) return {result.text, false, taken.error()};
        if (id == end) {
            result.is_ended = true;
            return result;
        }
        said.push_back(TokenId{id});
        result.text = tokenizer.decode(said).value();
    }
    return result;
}

std::vector<json> bounded_schemas() {
    const std::vector<std::string> texts{
        R"({"type":"object","properties":{"caption":{"type":"string","minLength":1,"maxLength":30},
            "objects":{"type":"array","items":{"type":"string","maxLength":8},"maxItems":3},
            "text":{"type":["string","null"],"maxLength":10}},
            "required":["caption","objects","text"],"additionalProperties":false})",
        R"({"type":"string","maxLength":12})",
        R"({"type":"string","minLength":6,"maxLength":6})",
        R"({"type":"integer","minimum":-20,"maximum":1200})",
        R"({"enum":["red","reddish","größer","猫",null,7,true,["red",{"a":1}]]})",
        R"({"const":{"a":["\"quoted\" \\ \n",null]}})",
        R"({"type":"array","items":{"anyOf":[{"type":"boolean"},{"type":"string","pattern":"^[a-c]{2,4}$"}]},
            "minItems":2,"maxItems":4})",
        R"({"type":"object","properties":{"a":{"type":"null"},"b":{"type":"boolean"},"c":{"type":"string","maxLength":3}},
            "required":["b"],"additionalProperties":false})",
        R"({"$ref":"#/$defs/node","$defs":{"node":{"type":"object","properties":{"name":{"type":"string","maxLength":4},
            "kids":{"type":"array","items":{"$ref":"#/$defs/node"},"maxItems":1}},"required":["name"],
            "additionalProperties":false}}})",
        R"({"x-guidance":{"whitespace_flexible":true},"type":"array","items":{"type":"null"},"maxItems":3})",
    };
    std::vector<json> schemas;
    for (const auto& text : texts) schemas.push_back(json::parse(text));
    return schemas;
}

TEST(Guide, EveryWalkEndsWithAJsonTextOfTheSchema) {
    for (const auto& name : testing::golden_tokenizers)
        for (const json& schema : bounded_schemas())
            for (unsigned seed = 0; seed < 25; ++seed) {
                const Walk walked = walk(golden_tokenizer(name), schema, seed);
                ASSERT_FALSE(walked.error) << walked.error->message << " for " << schema;
                ASSERT_TRUE(walked.is_ended) << walked.text;
                EXPECT_TRUE(fits(walked.text, schema)) << walked.text << " for " << schema;
                EXPECT_FALSE(testing::has_blanks_between(walked.text)) << walked.text;
                EXPECT_EQ(walked.text.find("\xEF\xBF\xBD"), std::string::npos)
                    << "broken UTF-8: " << walked.text;
            }
}

TEST(Guide, ATokenizerOfWholeLettersIsHeldTooAndItsFirstTokenSpellsWhatItSays) {
    const Tokenizer tokenizer = testing::letters_tokenizer();
    const std::vector<json> schemas{
        {{"type", "string"}, {"maxLength", 10}},
        {{"const", " a  b "}},
        json::parse(R"({"type":"object","properties":{"a b":{"type":"integer","minimum":0,"maximum":99}},
            "required":["a b"],"additionalProperties":false})"),
    };
    for (const json& schema : schemas)
        for (unsigned seed = 0; seed < 50; ++seed) {
            const Walk walked = walk(tokenizer, schema, seed);
            ASSERT_FALSE(walked.error) << walked.error->message;
            EXPECT_TRUE(walked.is_ended && fits(walked.text, schema)) << walked.text;
        }
}

TEST(Guide, WhatTheModelWouldSayByItselfIsAllowed) {
    const Tokenizer& tokenizer = golden_tokenizer("tokenizer");
    const int end = static_cast<int>(ends_of(tokenizer).front());
    for (const auto& golden : testing::golden_cases("tokenizer")) {
        if (golden.text.contains('\x7f') || golden.text.contains("</s>")) continue;
        const auto tokens = tokenizer.encode(json::array({golden.text, 1.5, nullptr}).dump()).value();
        auto guide = guide_for(tokenizer, R"({"type":"array"})");
        ASSERT_TRUE(guide) << guide.error().message;
        for (std::size_t at = 1; at < tokens.size();
             ++at) {  // behind the </s> that the tokenizer puts in front
            const auto words = guide->allowed();
            ASSERT_TRUE(words) << words.error().message;
            ASSERT_TRUE(is_set(*words, static_cast<int>(tokens[at]))) << golden.text;
            ASSERT_FALSE(is_set(*words, end));
            ASSERT_TRUE(guide->accept(tokens[at]));
        }
        EXPECT_TRUE(guide->complete());
        const auto last = guide->allowed();
        ASSERT_TRUE(last);
        EXPECT_EQ(set_bits(*last), std::vector<int>{end});
    }
}

TEST(Guide, SpecialTokensAndRowsWithoutATokenAreNeverAllowed) {
    for (const auto& name : testing::golden_tokenizers) {
        const Tokenizer& tokenizer = golden_tokenizer(name);
        auto guide = guide_for(tokenizer, R"({"type":"string"})").value();
        ASSERT_TRUE(guide.allowed());
        const auto quote = tokenizer.id_of("\"") ? tokenizer.id_of("\"") : tokenizer.id_of("<0x22>");
        ASSERT_TRUE(guide.accept(*quote));
        const auto words = guide.allowed();
        ASSERT_TRUE(words);
        EXPECT_GT(set_bits(*words).size(), 100u);
        EXPECT_LT(set_bits(*words).back(), static_cast<int>(tokenizer.vocabulary()));
        for (const char* special : {"<pad>", "<image>", "<unk>", "<s>", "</s>"}) {
            const auto id = tokenizer.id_of(special);
            EXPECT_FALSE(id && is_set(*words, static_cast<int>(*id))) << special;
        }
    }
}

TEST(Guide, AModelWithFewerRowsThanTokensGetsNoBitBehindItsRows) {
    const Tokenizer& tokenizer = golden_tokenizer("tokenizer");
    auto guide = Guide::from_schema(tokenizer, R"({"type":"string"})", ends_of(tokenizer), 259).value();
    ASSERT_TRUE(guide.allowed());
    ASSERT_TRUE(guide.accept(tokenizer.id_of("\"").value()));
    const auto words = guide.allowed();
    ASSERT_TRUE(words);
    EXPECT_EQ(words->size(), 9u);
    EXPECT_LT(set_bits(*words).back(), 259);
}

TEST(Guide, AnEndIsNeverPartOfTheText) {
    const Tokenizer& tokenizer = golden_tokenizer("tokenizer");
    const TokenId letter = tokenizer.id_of("a").value();  // an end that its tokenizer takes for a word
    auto guide =
        Guide::from_schema(tokenizer, R"({"type":"string"})", {{letter}}, rows_of(tokenizer)).value();
    const TokenId quote = tokenizer.id_of("\"").value();
    for (int step = 0; step < 2; ++step) {
        const auto words = guide.allowed();
        ASSERT_TRUE(words);
        EXPECT_FALSE(is_set(*words, static_cast<int>(letter)));
        ASSERT_TRUE(guide.accept(quote));
    }
    const auto words = guide.allowed();
    ASSERT_TRUE(words);
    EXPECT_TRUE(is_set(*words, static_cast<int>(letter)));
}

TEST(Guide, AModelWhoseOnlyWayOnIsAnEndIsUnsupported) {
    const Tokenizer& tokenizer = golden_tokenizer("tokenizer");
    const TokenId seven = tokenizer.id_of("7").value();
    auto guide = Guide::from_schema(tokenizer, R"({"const":7})", {{seven}}, rows_of(tokenizer)).value();
    const auto words = guide.allowed();
    ASSERT_FALSE(words);
    EXPECT_EQ(words.error().code, ErrorCode::unsupported);
}

TEST(Guide, ATokenThatIsNotAllowedIsRefused) {
    const Tokenizer& tokenizer = golden_tokenizer("tokenizer");
    for (const int id : {-1, 0, 2, static_cast<int>(ends_of(tokenizer).front()), 1'000'000}) {
        auto guide = guide_for(tokenizer, R"({"type":"boolean"})").value();
        ASSERT_TRUE(guide.allowed());
        const auto taken = guide.accept(TokenId{id});
        ASSERT_FALSE(taken) << id;
        EXPECT_EQ(taken.error().code, ErrorCode::internal);
    }
}

TEST(Guide, BehindTheEndThereIsOnlyTheEnd) {
    const Tokenizer& tokenizer = golden_tokenizer("tokenizer");
    const TokenId end = ends_of(tokenizer).front();
    auto guide = guide_for(tokenizer, R"({"type":"integer","minimum":0,"maximum":999})").value();
    ASSERT_TRUE(guide.allowed());
    EXPECT_FALSE(guide.complete());
    ASSERT_TRUE(guide.accept(tokenizer.id_of("7").value()));
    EXPECT_TRUE(guide.complete());
    const auto more = guide.allowed();
    ASSERT_TRUE(more);
    EXPECT_TRUE(is_set(*more, static_cast<int>(tokenizer.id_of("3").value())));
    ASSERT_TRUE(guide.accept(end));
    const auto last = guide.allowed();
    ASSERT_TRUE(last);
    EXPECT_EQ(set_bits(*last), std::vector<int>{static_cast<int>(end)});
    EXPECT_FALSE(guide.accept(tokenizer.id_of("3").value()));
}

TEST(Guide, ATokenizerThatCannotSpellJsonIsUnsupported) {
    std::vector<Tokenizer> tokenizers;
    tokenizers.push_back(testing::wordpiece_tokenizer());
    tokenizers.push_back(testing::letters_tokenizer("{"));
    tokenizers.push_back(testing::words_tokenizer());
    for (const Tokenizer& tokenizer : tokenizers) {
        const auto guide = guide_for(tokenizer, R"({"type":"object"})");
        ASSERT_FALSE(guide);
        EXPECT_EQ(guide.error().code, ErrorCode::unsupported);
        EXPECT_NE(guide.error().message.find("tokenizer"), std::string::npos) << guide.error().message;
        EXPECT_EQ(guide.error().field, "");
    }
    const Walk walked = walk(testing::letters_tokenizer(), {{"const", "猫"}}, 1);
    ASSERT_TRUE(walked.error) << walked.text;
    EXPECT_EQ(walked.error->code, ErrorCode::unsupported);
}

TEST(Guide, OutlivesItsTokenizerAndIsMadeByManyThreadsAtOnce) {
    auto loaded = Tokenizer::from_json(testing::read_golden("byte_fallback.json"));
    std::optional<Tokenizer> tokenizer(std::move(loaded).value());
    const int rows = rows_of(*tokenizer);
    const auto ends = ends_of(*tokenizer);
    std::vector<std::optional<Guide>> guides(4);
    {
        std::vector<std::jthread> threads;
        for (auto& guide : guides)
            threads.emplace_back([&] {
                auto made = Guide::from_schema(*tokenizer, R"({"const":"ab"})", ends, rows);
                if (made) guide = std::move(*made);
            });
    }
    tokenizer.reset();
    for (auto& guide : guides) {
        ASSERT_TRUE(guide);
        int tokens = 0;
        while (!guide->complete()) {
            const auto words = guide->allowed();
            ASSERT_TRUE(words);
            ASSERT_TRUE(guide->accept(TokenId{set_bits(*words).front()}));
            ASSERT_LE(++tokens, 4);
        }
    }
}

}  // namespace
}  // namespace vignette
