#include "text/tokenizer.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "golden_tokenizer.h"

namespace vignette {
namespace {

using testing::golden_cases;
using testing::golden_expectations;
using testing::golden_tokenizer;
using testing::golden_tokenizers;
using testing::tokens_of;

TEST(Tokenizer, GivesTheIdsOfPython) {
    for (const auto& name : golden_tokenizers) {
        for (const auto& golden : golden_cases(name)) {
            const auto tokens = golden_tokenizer(name).encode(golden.text);
            ASSERT_TRUE(tokens) << tokens.error().message;
            EXPECT_EQ(*tokens, golden.tokens) << name << ": " << golden.text;
        }
    }
}

TEST(Tokenizer, DecodesAsPythonDoes) {
    for (const auto& name : golden_tokenizers) {
        for (const auto& golden : golden_cases(name)) {
            const auto text = golden_tokenizer(name).decode(golden.tokens);
            ASSERT_TRUE(text) << text.error().message;
            EXPECT_EQ(*text, golden.decoded) << name;
        }
    }
}

TEST(Tokenizer, KnowsItsVocabulary) {
    for (const auto& name : golden_tokenizers)
        EXPECT_EQ(golden_tokenizer(name).vocabulary(), golden_expectations().at(name).at("vocabulary"));
    const Tokenizer& tokenizer = golden_tokenizer("tokenizer");
    EXPECT_EQ(tokenizer.id_of("<pad>"), TokenId{0});
    EXPECT_EQ(tokenizer.id_of("<image>"), TokenId{2});
    EXPECT_EQ(tokenizer.id_of("no such token"), std::nullopt);
    EXPECT_EQ(tokenizer.id_of(""), std::nullopt);
    EXPECT_EQ(tokenizer.id_of("\xff"), std::nullopt);
}

TEST(Tokenizer, KnowsItsByteTokens) {
    const Tokenizer& llama = golden_tokenizer("byte_fallback");
    EXPECT_TRUE(llama.is_byte(llama.id_of("<0x00>").value()));
    EXPECT_TRUE(llama.is_byte(llama.id_of("<0xFF>").value()));
    EXPECT_FALSE(llama.is_byte(llama.id_of("<s>").value()));
    EXPECT_FALSE(golden_tokenizer("tokenizer").is_byte(TokenId{3}));
}

TEST(Tokenizer, FindsTheSpecialTokenThatAStrangerSpelledOut) {
    const Tokenizer& tokenizer = golden_tokenizer("tokenizer");
    EXPECT_EQ(tokenizer.special_in("a cat</s> and").value(), "</s>");
    EXPECT_EQ(tokenizer.special_in("<image> a cat</s>").value(), "<image>");
    for (const std::string text : {"", "a cat", "< /s>", "</ s>", "<imag", "𒀀 🦁 \x01"})
        EXPECT_EQ(tokenizer.special_in(text).value(), std::nullopt) << text;
    EXPECT_FALSE(tokenizer.special_in("\xff"));
}

// BERT has a special token for what it does not know.
TEST(Tokenizer, AnUnknownCharacterIsNoSpecialToken) {
    const Tokenizer tokenizer = Tokenizer::from_json(
                                    R"({"version":"1.0","added_tokens":[
        {"id":0,"content":"[UNK]","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true},
        {"id":2,"content":"[SEP]","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}],
        "model":{"type":"WordLevel","vocab":{"[UNK]":0,"cat":1,"[SEP]":2},"unk_token":"[UNK]"}})"
    )
                                    .value();
    EXPECT_EQ(tokenizer.special_in("🦁").value(), std::nullopt);
    EXPECT_EQ(tokenizer.special_in("🦁[SEP]").value(), "[SEP]");
}

TEST(Tokenizer, TextThatIsNotUtf8IsTheClientsError) {
    using namespace std::string_literals;
    for (const auto& text : {"\xff"s, "cut \xf0\x9f\xa6"s, "\xed\xa0\x80"s, "\xc0\x80"s}) {
        const auto tokens = golden_tokenizer("tokenizer").encode(text);
        ASSERT_FALSE(tokens);
        EXPECT_EQ(tokens.error().code, ErrorCode::invalid_input);
        EXPECT_NE(tokens.error().message.find("UTF-8"), std::string::npos);
    }
}

TEST(Tokenizer, IdsOutsideTheVocabularyDecodeToNothing) {
    const Tokenizer& tokenizer = golden_tokenizer("tokenizer");
    const auto dog = tokenizer.encode("dog").value();
    auto tokens = tokens_of({-1, 400, 2'147'483'647, -2'147'483'647 - 1});
    tokens.insert(tokens.begin() + 2, dog.begin(), dog.end());
    EXPECT_EQ(tokenizer.decode(tokens).value(), "dog");
    EXPECT_EQ(tokenizer.decode({}).value(), "");
}

TEST(Tokenizer, ABrokenFileIsAnErrorAndNotTheEndOfTheProcess) {
    const std::string good = testing::read_golden("tokenizer.json");
    std::vector<std::string> files{
        "",
        "{}",
        "null",
        std::string(1, '\0'),
        "\xff\xfe",
        good.substr(0, good.size() / 2),
        std::string(1'000'000, '['),
        std::string(100'000, '{') + "\"model\":",
        R"({"version":"1.0","added_tokens":[],"model":{"type":"BPE","vocab":{"a":0},"merges":[["x","y"]]}})",
        R"({"version":"1.0","added_tokens":[],"model":{"type":"Unigram","unk_id":9,"vocab":[["a",0.0]]}})",
        R"({"version":"9.0","added_tokens":[],"model":{"type":"WordLevel","vocab":{},"unk_token":"a"}})",
        R"({"version":"1.0","added_tokens":[],"normalizer":{"type":"Precompiled","precompiled_charsmap":"AAA"},)"
        R"("model":{"type":"WordLevel","vocab":{"a":0},"unk_token":"a"}})",
        R"({"version":"1.0","added_tokens":[],"pre_tokenizer":{"type":"Split","pattern":{"Regex":"(("},)"
        R"("behavior":"Isolated","invert":false},"model":{"type":"WordLevel","vocab":{"a":0},"unk_token":"a"}})",
    };
    for (const auto& json : files) {
        const auto loaded = Tokenizer::from_json(json);
        ASSERT_FALSE(loaded) << json.substr(0, 200);
        EXPECT_EQ(loaded.error().code, ErrorCode::bundle_invalid);
        EXPECT_FALSE(loaded.error().message.empty());
    }
}

TEST(Tokenizer, SavedPaddingAndTruncationAreIgnored) {
    auto json = nlohmann::json::parse(testing::read_golden("tokenizer.json"));
    json["padding"] = {
        {"strategy", {{"Fixed", 1'000'000'000'000}}},
        {"direction", "Right"},
        {"pad_to_multiple_of", nullptr},
        {"pad_id", 0},
        {"pad_type_id", 0},
        {"pad_token", "<pad>"},
    };
    json["truncation"] = {
        {"direction", "Right"}, {"max_length", 2}, {"strategy", "LongestFirst"}, {"stride", 0}
    };
    const auto loaded = Tokenizer::from_json(json.dump());
    ASSERT_TRUE(loaded) << loaded.error().message;
    const std::string text = "a photo of a dog";
    EXPECT_EQ(loaded->encode(text).value(), golden_tokenizer("tokenizer").encode(text).value());
}

TEST(Tokenizer, MovesAndIsSharedByThreads) {
    auto made = Tokenizer::from_json(testing::read_golden("tokenizer.json"));
    ASSERT_TRUE(made);
    const Tokenizer tokenizer = std::move(*made);
    const auto cases = golden_cases("tokenizer");
    std::vector<int> wrong(4, 0);
    {
        std::vector<std::jthread> threads;
        for (int& count : wrong)
            threads.emplace_back([&] {
                for (const auto& golden : cases)
                    if (tokenizer.encode(golden.text) != golden.tokens) ++count;
            });
    }
    EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

}  // namespace
}  // namespace vignette
