// What a captioner makes of options: from the words of a job to what the model hears and the client gets.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "caption/captioner_fixture.h"
#include "caption/presets.h"

namespace vignette {
namespace {

std::vector<std::string> fields_of(const std::vector<Warning>& warnings) {
    std::vector<std::string> fields;
    for (const Warning& warning : warnings) fields.push_back(warning.field);
    return fields;
}

class OptionsTest : public CaptionerFixture {
protected:
    OptionsTest() {
        bundle_.text.end = {TokenId{1}};  // </s>
        bundle_.text.image_token = TokenId{399};
        bundle_.generation.max_length_limit = 1000;
        model_.positions = 2000;
    }

    // The model says this text and then nothing more.
    void let_say(std::string_view text, const std::string& file = "tokenizer.json") {
        model_.says = tokenizer(file).encode(text, false).value();
        bundle_.text.end = {file == "tokenizer.json" ? TokenId{1} : TokenId{2}};
        model_.says.push_back(bundle_.text.end.front());
    }

    Caption made(CaptionOptions options, const std::string& file = "tokenizer.json") {
        options.max_length = options.max_length.value_or(1000);
        pieces_.clear();
        WholeCaptioner captioner(bundle_, tokenizer(file), model_, Limits{});
        Result<Caption> caption = captioner.caption(job_of(std::move(options)), {}, remember_);
        EXPECT_TRUE(caption.has_value()) << (caption ? "" : caption.error().message);
        return caption.value_or(Caption{});
    }

    // Of a model that says something else for each history and each picture.
    Caption dreamt(CaptionOptions options, Script script) {
        script.shape = {.slots = 8, .positions = 400, .vocabulary = 400};
        ScriptedModel model(std::move(script));
        WholeCaptioner captioner(bundle_, tokenizer(), model, Limits{});
        Result<Caption> caption = captioner.caption(job_of(std::move(options)), {}, {});
        EXPECT_TRUE(caption.has_value()) << (caption ? "" : caption.error().message);
        return caption.value_or(Caption{});
    }

    std::string joined_pieces() const {
        std::string joined;
        for (const std::string& piece : pieces_) joined += piece;
        return joined;
    }

    std::vector<std::string> pieces_;
    const OnPiece remember_ = [this](std::string_view piece) { pieces_.emplace_back(piece); };
};

TEST_F(OptionsTest, ACaptionEndsBeforeAStopThatLiesInSeveralTokens) {
    let_say("a dog. a cat. a bird");
    const Caption caption = made({.stop = {"t. a b", "zzz"}});
    EXPECT_EQ(caption.text, "a dog. a ca");
    EXPECT_EQ(caption.finish, FinishReason::stop);
    EXPECT_LT(caption.tokens.size(), model_.says.size()) << "the engine went on behind the stop";
    EXPECT_EQ(joined_pieces(), caption.text);
}

TEST_F(OptionsTest, AStopThatTheLastTokenCompletesIsAStop) {
    let_say("a dog");
    const auto length = static_cast<std::int64_t>(model_.says.size()) - 1;
    EXPECT_EQ(made({.max_length = length, .stop = {"g"}}).finish, FinishReason::stop);
    EXPECT_EQ(made({.max_length = length}).finish, FinishReason::length);
}

TEST_F(OptionsTest, WhateverIsSaidJoinedPiecesAreTheCaption) {
    std::mt19937 dice(7);
    const std::vector<std::string> parts{" ", "\n",   "a cat",   "🦩",     "é",      "##",
                                         ".", " END", "A dog. ", "你好。", "e\u0301"};
    const std::vector<std::vector<std::string>> stops{{}, {"###"}, {"END", "\n\n"}, {"🦩é", "cat."}};
    const std::vector<std::optional<Preset>> wanted{
        std::nullopt, std::nullopt, Preset::alt_text, Preset::detailed
    };
    for (int round = 0; round < 150; ++round) {
        const std::string file = round % 2 == 0 ? "tokenizer.json" : "byte_fallback.json";
        std::string text;
        for (std::size_t count = 1 + dice() % 12; count > 0; --count) text += parts[dice() % parts.size()];
        let_say(text, file);
        CaptionOptions options;
        options.stop = stops[dice() % stops.size()];
        options.preset = wanted[dice() % wanted.size()];
        if (dice() % 2 == 0) options.prefix = "A dog. It";
        if (dice() % 2 == 0) options.max_length = 1 + dice() % model_.says.size();
        const Caption caption = made(options, file);
        ASSERT_EQ(joined_pieces(), caption.text) << text;
        ASSERT_TRUE(caption.text->starts_with(options.prefix.value_or(""))) << text;
        for (const std::string& piece : pieces_) {
            ASSERT_FALSE(piece.empty());
            ASSERT_TRUE(at_wall(ErrorCode::internal, [&] { return nlohmann::json(piece).dump(); })) << text;
        }
        for (const std::string& stop : options.stop)
            ASSERT_EQ(caption.text->find(stop, options.prefix.value_or("").size()), std::string::npos)
                << text;
    }
}

TEST_F(OptionsTest, APrefixStandsBehindThePromptAndIsToldFirst) {
    let_say(" is red");
    const Caption caption = made({.prompt = "a", .prefix = "cat"});
    EXPECT_EQ(caption.text, "cat is red");
    EXPECT_EQ(pieces_.front(), "cat");
    const auto prefix = tokenizer().encode(" cat", false).value();
    ASSERT_GE(model_.heard.size(), prefix.size());
    EXPECT_TRUE(std::equal(prefix.rbegin(), prefix.rend(), model_.heard.rbegin()));
    EXPECT_EQ(caption.tokens, model_.says) << "tokens are the new ones";
}

TEST_F(OptionsTest, PicturesThatBelongTogetherHaveTheirPlacesInOnePrompt) {
    bundle_.text.prompt_template = "user:{images}{prompt} you:";
    bundle_.text.image_text = " tw";
    bundle_.text.placement = Placement::placeholder;
    bundle_.text.image_token = tokenizer().id_of("tw").value();
    Job job = job_of({.prompt = " a cat", .max_length = 1});
    job.pictures.push_back(job.pictures.front());
    WholeCaptioner captioner(bundle_, tokenizer(), model_, Limits{});
    const Result<Caption> caption = captioner.caption(std::move(job), {}, {});
    ASSERT_TRUE(caption.has_value()) << caption.error().message;
    EXPECT_EQ(std::ranges::count(model_.heard, bundle_.text.image_token), 4);  // two of each
    EXPECT_EQ(model_.heard.size(), tokenizer().encode("user: tw tw a cat you:").value().size() + 2);
}

TEST_F(OptionsTest, OfSeveralBeamsTheBestIsTheCaption) {
    const Caption caption = dreamt({.max_length = 6, .num_beams = 3, .n = 3}, {.seed = 5});
    ASSERT_EQ(caption.alternatives.size(), 3U);
    EXPECT_EQ(caption.text, caption.alternatives[0].text);
    EXPECT_EQ(caption.score, caption.alternatives[0].score);
    EXPECT_GE(caption.alternatives[0].score, caption.alternatives[1].score);
    EXPECT_GE(caption.alternatives[1].score, caption.alternatives[2].score);
    EXPECT_TRUE(dreamt({.max_length = 6, .num_beams = 3}, {.seed = 5}).alternatives.empty());
}

TEST_F(OptionsTest, SeveralDrawnCaptionsAreThoseOfTheNextSeeds) {
    const Caption several = dreamt({.max_length = 6, .n = 3, .seed = 40}, {});
    ASSERT_EQ(several.alternatives.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) {
        const Caption one = dreamt({.max_length = 6, .seed = 40 + static_cast<std::int64_t>(i)}, {});
        EXPECT_EQ(several.alternatives[i].text, one.text) << i;
        EXPECT_LT(several.alternatives[i].score, 0);
    }
    EXPECT_NE(several.alternatives[0].text, several.alternatives[1].text);
    EXPECT_EQ(several.text, several.alternatives[0].text);
    EXPECT_TRUE(several.logprobs.empty()) << "nobody asked";
}

TEST_F(OptionsTest, ASeedThatNobodyNamedIsToldAndDrawsTheSameAgain) {
    const Caption first = dreamt({.max_length = 6, .temperature = 1}, {});
    ASSERT_TRUE(first.model.seed.has_value());
    const auto seed = static_cast<std::int64_t>(*first.model.seed);
    EXPECT_EQ(dreamt({.max_length = 6, .temperature = 1, .seed = seed}, {}).text, first.text);
}

TEST_F(OptionsTest, EachTokenHasItsProbabilityAndTheCaptionItsConfidence) {
    const Caption caption = dreamt({.max_length = 6, .logprobs = true}, {});
    ASSERT_EQ(caption.logprobs.size(), caption.tokens.size());
    double least = 1;
    double sum = 0;
    for (const float logprob : caption.logprobs) {
        least = std::min(least, std::exp(static_cast<double>(logprob)));
        sum += std::exp(static_cast<double>(logprob));
    }
    ASSERT_TRUE(caption.confidence.has_value());
    EXPECT_DOUBLE_EQ(caption.confidence->min, least);
    EXPECT_NEAR(caption.confidence->mean, sum / static_cast<double>(caption.logprobs.size()), 1e-12);
    EXPECT_FALSE(dreamt({.max_length = 6}, {}).confidence);
}

TEST_F(OptionsTest, AForbiddenWordIsNotSaid) {
    const TokenId favourite = tokenizer().id_of("o").value();
    const Script stubborn{.favoured = {favourite}, .bias = 1000};
    EXPECT_EQ(dreamt({.max_length = 5}, stubborn).tokens, std::vector<TokenId>(5, favourite));
    const Caption caption = dreamt({.max_length = 5, .bad_words = {"o"}}, stubborn);
    EXPECT_EQ(caption.tokens.size(), 5U);
    EXPECT_EQ(std::ranges::count(caption.tokens, favourite), 0);
}

TEST_F(OptionsTest, ACaptionThatRepeatsItselfIsEndedAndReported) {
    model_.says = {tokenizer().id_of("o").value()};
    const Caption caption = made({.max_length = 900, .loop_guard = true});
    EXPECT_EQ(caption.finish, FinishReason::loop);
    EXPECT_EQ(caption.text, "o");
    EXPECT_EQ(fields_of(caption.warnings), (std::vector<std::string>{"input.promt", "input"}));
    EXPECT_EQ(made({.max_length = 90}).finish, FinishReason::length) << "without a preset it is off";
}

TEST_F(OptionsTest, APresetsInstructionIsWhatTheModelHears) {
    bundle_.family = "llava-next";
    let_say("An image of a cat. A dog.");
    const Caption caption = made({.preset = Preset::alt_text});
    EXPECT_EQ(caption.text, "A cat.");
    EXPECT_EQ(caption.model.prompt, plan_of(Preset::alt_text).instruction);
    EXPECT_EQ(caption.model.preset, "alt_text");
    const auto words = tokenizer().encode(plan_of(Preset::alt_text).instruction).value();
    EXPECT_EQ(model_.heard.size(), words.size() + 2);
}

TEST_F(OptionsTest, TagsAreAListInTheAnswer) {
    let_say(" a red cat");
    const Caption caption = made({.preset = Preset::tags});
    EXPECT_EQ(caption.tags, (std::vector<std::string>{"red", "cat"}));
    EXPECT_EQ(caption.text, "red, cat");
}

TEST_F(OptionsTest, ASchemaHoldsEvenADreamer) {
    bundle_.family = "llava-next";
    const CaptionOptions options{.schema = R"({"enum":["yes","no"]})", .max_length = 40};
    for (std::uint64_t seed = 1; seed < 6; ++seed) {
        const Caption caption = dreamt(options, {.seed = seed});
        EXPECT_TRUE(caption.text == "\"yes\"" || caption.text == "\"no\"") << caption.text.value_or("");
        EXPECT_EQ(caption.finish, FinishReason::stop);
        EXPECT_TRUE(caption.is_json);
    }
}

TEST_F(OptionsTest, JsonThatWasCutIsReported) {
    bundle_.family = "llava-next";
    const Caption caption = dreamt({.schema = R"({"enum":["yes","no"]})", .max_length = 1}, {});
    EXPECT_EQ(caption.finish, FinishReason::length);
    EXPECT_EQ(fields_of(caption.warnings), (std::vector<std::string>{"input.promt", "input.max_length"}));
}

TEST_F(OptionsTest, BoxesAreInPixelsOfThePicture) {
    bundle_.family = "qwen3_vl";
    bundle_.text.boxes = BoxUnit::thousandths;
    bundle_.generation.max_length_limit = 1000;
    let_say(R"([{"bbox_2d":[0,500,250,1000],"label":"cup"}])");
    const Caption caption = made({.preset = Preset::grounding});
    EXPECT_EQ(caption.text, R"([{"label":"cup","box":[0,96,48,192]}])");
    EXPECT_TRUE(caption.is_json);
    EXPECT_EQ(joined_pieces(), caption.text) << "and not in the model's own numbers";
    EXPECT_EQ(fields_of(caption.warnings), std::vector<std::string>{"input.promt"});

    const Caption cut = made({.preset = Preset::grounding, .max_length = 5});
    EXPECT_EQ(cut.text, "[]");
    EXPECT_EQ(cut.finish, FinishReason::length);
    EXPECT_EQ(fields_of(cut.warnings), (std::vector<std::string>{"input.promt", "input.max_length"}));
}

TEST_F(OptionsTest, BoxesAreOfOnePicture) {
    bundle_.family = "qwen3_vl";
    bundle_.text.boxes = BoxUnit::thousandths;
    bundle_.text.placement = Placement::placeholder;
    WholeCaptioner captioner(bundle_, tokenizer(), model_, Limits{});
    Job job = job_of({.preset = Preset::grounding});
    job.pictures.push_back(job_of().pictures.front());
    const Result<Caption> both = captioner.caption(std::move(job), {}, {});
    ASSERT_FALSE(both.has_value());
    EXPECT_EQ(both.error().code, ErrorCode::invalid_input);
    EXPECT_EQ(both.error().field, "input.together");
}

TEST_F(OptionsTest, AWrongSchemaNamesItsField) {
    bundle_.family = "llava-next";
    const Result<Caption> caption = CaptionerFixture::caption({.schema = R"({"type":"poem"})"});
    ASSERT_FALSE(caption.has_value());
    EXPECT_EQ(caption.error().code, ErrorCode::invalid_input);
    EXPECT_EQ(caption.error().field, "input.schema");
}

TEST_F(OptionsTest, TheAnswerTellsTheValuesInForce) {
    const ModelUse drawn = dreamt({.max_length = 2, .top_p = 0.5, .seed = 3}, {}).model;
    EXPECT_EQ(drawn.temperature, 1);
    EXPECT_EQ(drawn.top_k, 50);
    EXPECT_EQ(drawn.top_p, 0.5);
    EXPECT_EQ(drawn.seed, 3U);
    EXPECT_FALSE(drawn.repetition_penalty);
    const ModelUse greedy =
        dreamt({.max_length = 2, .repetition_penalty = 1.5, .no_repeat_ngram_size = 2}, {}).model;
    EXPECT_FALSE(greedy.temperature || greedy.seed || greedy.preset);
    EXPECT_EQ(greedy.repetition_penalty, 1.5);
    EXPECT_EQ(greedy.no_repeat_ngram_size, 2);
}

}  // namespace
}  // namespace vignette
