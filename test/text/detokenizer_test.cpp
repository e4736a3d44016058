#include "text/detokenizer.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "golden_tokenizer.h"

namespace vignette {
namespace {

using testing::golden_cases;
using testing::golden_tokenizer;
using testing::golden_tokenizers;

bool is_utf8(const std::string& text) {
    return at_wall(ErrorCode::internal, [&] { return nlohmann::json(text).dump(); }).has_value();
}

std::vector<std::string> pieces_of(const Tokenizer& tokenizer, const std::vector<TokenId>& tokens) {
    Detokenizer detokenizer(tokenizer);
    std::vector<std::string> pieces;
    for (const TokenId token : tokens) pieces.push_back(detokenizer.push(token).value());
    pieces.push_back(detokenizer.finish().value());
    return pieces;
}

std::string joined(const std::vector<std::string>& pieces) {
    std::string text;
    for (const auto& piece : pieces) text += piece;
    return text;
}

void expect_faithful(const Tokenizer& tokenizer, const std::vector<TokenId>& tokens) {
    const auto pieces = pieces_of(tokenizer, tokens);
    for (const auto& piece : pieces) ASSERT_TRUE(is_utf8(piece));
    ASSERT_EQ(joined(pieces), tokenizer.decode(tokens).value());
}

std::vector<TokenId> named(const Tokenizer& tokenizer, const std::vector<std::string>& tokens) {
    std::vector<TokenId> ids;
    for (const auto& token : tokens) ids.push_back(tokenizer.id_of(token).value());
    return ids;
}

TEST(Detokenizer, JoinedPiecesAreTheDecodedText) {
    for (const auto& name : golden_tokenizers)
        for (const auto& golden : golden_cases(name)) expect_faithful(golden_tokenizer(name), golden.tokens);
}

TEST(Detokenizer, JoinedPiecesAreTheDecodedTextWhereverTheModelStops) {
    for (const auto& name : golden_tokenizers) {
        for (const auto& golden : golden_cases(name)) {
            if (golden.tokens.size() > 40) continue;
            auto tokens = golden.tokens;
            for (; !tokens.empty(); tokens.pop_back()) expect_faithful(golden_tokenizer(name), tokens);
        }
    }
}

TEST(Detokenizer, JoinedPiecesAreTheDecodedTextOfNonsense) {
    std::mt19937 dice(7);
    for (const auto& name : golden_tokenizers) {
        const Tokenizer& tokenizer = golden_tokenizer(name);
        const int known = static_cast<int>(tokenizer.vocabulary());
        for (int round = 0; round < 1000; ++round) {
            // Few kinds of token per round: long runs of bytes, of special tokens, of unknown ids come up.
            std::vector<TokenId> kinds;
            for (std::size_t count = 1 + dice() % 8; count > 0; --count)
                kinds.push_back(TokenId{std::uniform_int_distribution(0, known + 2)(dice)});
            std::vector<TokenId> tokens;
            for (std::size_t count = dice() % 60; count > 0; --count)
                tokens.push_back(kinds[dice() % kinds.size()]);
            expect_faithful(tokenizer, tokens);
            if (HasFatalFailure()) FAIL() << name << ", round " << round;
        }
    }
}

TEST(Detokenizer, OrdinaryTextIsSentAtOnce) {
    const Tokenizer& tokenizer = golden_tokenizer("tokenizer");
    const auto tokens = tokenizer.encode("a photo of a dog playing in the snow").value();
    const auto pieces = pieces_of(tokenizer, tokens);
    EXPECT_EQ(pieces.front(), "");  // </s>
    for (std::size_t i = 1; i < tokens.size(); ++i) EXPECT_NE(pieces[i], "") << i;
    EXPECT_EQ(pieces.back(), "");
}

TEST(Detokenizer, ACharacterOfSeveralTokensComesWhole) {
    const Tokenizer& tokenizer = golden_tokenizer("tokenizer");
    auto tokens = tokenizer.encode("𝄞").value();
    ASSERT_EQ(tokens.size(), 5u);  // </s> and four bytes
    const std::vector<std::string> whole{"", "", "", "", "𝄞", ""};
    EXPECT_EQ(pieces_of(tokenizer, tokens), whole);
    tokens.pop_back();
    const std::vector<std::string> half{"", "", "", "", "\uFFFD"};
    EXPECT_EQ(pieces_of(tokenizer, tokens), half);
}

TEST(Detokenizer, TheTextGoesOnAfterAReplacementCharacter) {
    const Tokenizer& tokenizer = golden_tokenizer("tokenizer");
    const auto tokens = tokenizer.encode("a \uFFFD b").value();
    const auto pieces = pieces_of(tokenizer, tokens);
    EXPECT_EQ(joined(pieces), "a \uFFFD b");
    EXPECT_EQ(pieces.back(), "");
}

TEST(Detokenizer, ABadByteMaySpoilTheCharactersBeforeIt) {
    const Tokenizer& tokenizer = golden_tokenizer("byte_fallback");
    const std::vector<std::string> spelled{"▁a", "<0xE4>", "<0xBD>", "<0xA0>"};
    auto tokens = named(tokenizer, spelled);
    EXPECT_EQ(joined(pieces_of(tokenizer, tokens)), "a你");

    tokens.push_back(tokenizer.id_of("<0x80>").value());
    tokens.push_back(tokenizer.id_of("▁a").value());
    const std::vector<std::string> expected{"a", "", "", "", "", "\uFFFD\uFFFD\uFFFD\uFFFD a", ""};
    EXPECT_EQ(pieces_of(tokenizer, tokens), expected);
}

TEST(Detokenizer, AnInvisibleTokenDoesNotEndARunOfBytes) {
    const Tokenizer& tokenizer = golden_tokenizer("byte_fallback");
    expect_faithful(
        tokenizer, named(tokenizer, {"▁a", "<0xE4>", "<0xBD>", "<0xA0>", "</s>", "<0x80>", "▁a"})
    );
}

TEST(Detokenizer, KeepsEverySpace) {
    const Tokenizer& tokenizer = golden_tokenizer("byte_fallback");
    const auto tokens = named(tokenizer, {"▁", "▁", "▁a", "▁▁", "</s>", "▁", "▁a", "▁", "▁"});
    expect_faithful(tokenizer, tokens);
    EXPECT_EQ(joined(pieces_of(tokenizer, tokens)), "  a    a  ");
}

TEST(Detokenizer, IsAsNewAfterTheEnd) {
    const Tokenizer& tokenizer = golden_tokenizer("tokenizer");
    Detokenizer detokenizer(tokenizer);
    for (const std::string text : {"one 🦩", "two"}) {
        std::string sent;
        const auto tokens = tokenizer.encode(text).value();
        for (const TokenId token : tokens) sent += detokenizer.push(token).value();
        sent += detokenizer.finish().value();
        EXPECT_EQ(sent, text);
    }
    EXPECT_EQ(detokenizer.finish().value(), "");
}

// It takes 0.1 s; with work that grows with the text it took 33 s, and ten times the text would never end.
TEST(Detokenizer, LongAndSenselessTextsAreNoTrap) {
    for (const auto& name : golden_tokenizers) {
        const Tokenizer& tokenizer = golden_tokenizer(name);
        const TokenId word = tokenizer.encode("a").value().back();
        for (const TokenId token : {TokenId{0}, TokenId{130}, TokenId{200}, TokenId{399}, word})
            expect_faithful(tokenizer, std::vector<TokenId>(20'000, token));
    }
}

}  // namespace
}  // namespace vignette
