#include "caption/wording/caption_stream.h"

#include <gtest/gtest.h>

#include <random>
#include <stop_token>

#include "caption/captioner_fixture.h"

namespace vignette {
namespace {

bool is_utf8(const std::string& text) {
    return at_wall(ErrorCode::internal, [&] { return nlohmann::json(text).dump(); }).has_value();
}

class CaptionStreamTest : public CaptionerFixture {
protected:
    CaptionStreamTest() {
        bundle_.generation.max_length_limit = 1000;
        bundle_.text.end = {TokenId{0}};
        model_.positions = 2000;
    }

    // What was told of a caption of exactly these tokens, and the caption.
    void expect_faithful(WholeCaptioner& captioner, const Tokenizer& words, std::vector<TokenId> tokens) {
        const CaptionOptions options{.max_length = static_cast<std::int64_t>(tokens.size()), .num_beams = 1};
        model_.says = std::move(tokens);
        pieces_.clear();
        const auto made = captioner.caption(job_of(options), {}, remember_);
        ASSERT_TRUE(made.has_value()) << made.error().message;
        std::string joined;
        for (const std::string& piece : pieces_) {
            ASSERT_FALSE(piece.empty());
            ASSERT_TRUE(is_utf8(piece)) << "half a character";
            joined += piece;
        }
        ASSERT_EQ(joined, made->text);
        ASSERT_EQ(made->text, strip(words.decode(made->tokens).value()));
    }

    std::vector<std::string> pieces_;
    const OnPiece remember_ = [this](std::string_view piece) { pieces_.emplace_back(piece); };
};

TEST(Strip, TakesBlanksFromBothEndsOnly) {
    EXPECT_EQ(strip(" \t\r\n a \n b\u00A0 \n"), "a \n b\u00A0");
    EXPECT_EQ(strip("a"), "a");
    EXPECT_EQ(strip(" \n "), "");
    EXPECT_EQ(strip(""), "");
}

TEST_F(CaptionStreamTest, JoinedPiecesAreTheCaption) {
    std::mt19937 dice(3);
    const std::vector<std::string> parts{" ",    "  ", "\n",     "\t",     "a cat", "🦩",
                                         "你好", "é",  "\u00A0", "\uFFFD", "."};
    for (const std::string file : {"tokenizer.json", "byte_fallback.json"}) {
        const Tokenizer words = tokenizer(file);
        WholeCaptioner captioner(bundle_, tokenizer(file), model_, Limits{});
        for (int round = 0; round < 100; ++round) {
            std::string text;
            for (std::size_t count = 1 + dice() % 12; count > 0; --count)
                text += parts[dice() % parts.size()];
            std::vector<TokenId> tokens = words.encode(text).value();
            std::erase(tokens, TokenId{0});
            if (tokens.empty()) continue;
            expect_faithful(captioner, words, tokens);
            if (HasFatalFailure()) FAIL() << file << ": " << text;
        }
    }
}

TEST_F(CaptionStreamTest, JoinedPiecesAreTheCaptionOfNonsense) {
    std::mt19937 dice(4);
    for (const std::string file : {"tokenizer.json", "byte_fallback.json"}) {
        const Tokenizer words = tokenizer(file);
        const int known = static_cast<int>(words.vocabulary());
        WholeCaptioner captioner(bundle_, tokenizer(file), model_, Limits{});
        for (int round = 0; round < 100; ++round) {
            std::vector<TokenId> tokens(1 + dice() % 30);
            for (TokenId& token : tokens) token = TokenId{std::uniform_int_distribution(0, known + 2)(dice)};
            expect_faithful(captioner, words, tokens);
            if (HasFatalFailure()) FAIL() << file << ", round " << round;
        }
    }
}

TEST_F(CaptionStreamTest, AWordIsToldAsSoonAsItIsCertainAndBlanksWaitForTheNext) {
    const Tokenizer words = tokenizer();
    WholeCaptioner captioner(bundle_, tokenizer(), model_, Limits{});
    std::vector<TokenId> tokens;
    for (const char* text : {" ", "a", " ", " ", "o", "\n", " "}) tokens.push_back(word(text));
    expect_faithful(captioner, words, tokens);
    EXPECT_EQ(pieces_, (std::vector<std::string>{"a", "  o"}));
}

TEST_F(CaptionStreamTest, ACharacterOfFourTokensComesWhole) {
    const Tokenizer words = tokenizer();
    WholeCaptioner captioner(bundle_, tokenizer(), model_, Limits{});
    std::vector<TokenId> tokens = words.encode("a𝄞o").value();
    tokens.erase(tokens.begin());  // </s>
    expect_faithful(captioner, words, tokens);
    EXPECT_EQ(pieces_, (std::vector<std::string>{"a", "𝄞", "o"}));
}

TEST_F(CaptionStreamTest, ACaptionOfBlanksIsNotTold) {
    WholeCaptioner captioner(bundle_, tokenizer(), model_, Limits{});
    expect_faithful(captioner, tokenizer(), std::vector<TokenId>(5, word(" ")));
    EXPECT_TRUE(pieces_.empty());
}

TEST_F(CaptionStreamTest, BeamSearchTellsTheWholeCaptionAtOnce) {
    model_.says = {word("two"), word(" "), word("two"), TokenId{0}};
    WholeCaptioner captioner(bundle_, tokenizer(), model_, Limits{});
    const auto made = captioner.caption(job_of({.max_length = 6, .num_beams = 2}), {}, remember_);
    ASSERT_TRUE(made.has_value()) << made.error().message;
    EXPECT_NE(made->text, "");
    EXPECT_EQ(pieces_, std::vector<std::string>{made->text.value()});
}

TEST_F(CaptionStreamTest, ListeningChangesNothingInTheAnswer) {
    WholeCaptioner captioner(bundle_, tokenizer(), model_, Limits{});
    const auto told = captioner.caption(job_of(), {}, remember_);
    const auto untold = captioner.caption(job_of(), {}, {});
    ASSERT_TRUE(told.has_value() && untold.has_value());
    EXPECT_EQ(told->text, untold->text);
    EXPECT_EQ(told->tokens, untold->tokens);
    EXPECT_EQ(told->finish, untold->finish);
}

TEST_F(CaptionStreamTest, AStopWhileListeningEndsTheCaptionWithThePieceThatWasTold) {
    WholeCaptioner captioner(bundle_, tokenizer(), model_, Limits{});
    std::stop_source stop;
    int told = 0;
    const auto made =
        captioner.caption(job_of({.max_length = 1000}), stop.get_token(), [&](std::string_view) {
            ++told;
            stop.request_stop();
        });
    ASSERT_FALSE(made.has_value());
    EXPECT_EQ(made.error().code, ErrorCode::cancelled);
    EXPECT_EQ(told, 1);
}

TEST(CaptionStream, WhatWasToldAndIsNotTheCaptionFailsTheJob) {
    const Tokenizer& words = testing::golden_tokenizer("tokenizer");
    const OnPiece deaf = [](std::string_view) {};
    CaptionStream pieces(words, {}, deaf);
    const OnToken on_token = pieces.on_token();
    const std::vector<TokenId> tokens = words.encode("a cat").value();
    for (const TokenId token : tokens) on_token(token);
    const Result<void> finished = pieces.finish("a dog");
    ASSERT_FALSE(finished.has_value());
    EXPECT_EQ(finished.error().code, ErrorCode::internal);
}

TEST(CaptionStream, NobodyIsToldNothing) {
    const OnPiece nobody;
    CaptionStream pieces(testing::golden_tokenizer("tokenizer"), {}, nobody);
    EXPECT_FALSE(pieces.on_token());
    EXPECT_TRUE(pieces.finish("a dog").has_value());
}

}  // namespace
}  // namespace vignette
