#include "caption/prompt_tokens.h"

#include <gtest/gtest.h>

#include "text/golden_tokenizer.h"

namespace vignette {
namespace {

using Tokens = std::vector<TokenId>;

const Tokenizer& words_of(const std::string& name = "tokenizer") { return testing::golden_tokenizer(name); }

Tokens joined(std::initializer_list<Tokens> parts) {
    Tokens all;
    for (const Tokens& part : parts) all.insert(all.end(), part.begin(), part.end());
    return all;
}

// A template that shows its pictures where it wants; any word may play the placeholder.
TextRecipe chat() {
    TextRecipe recipe;
    recipe.prompt_template = "user: {images}{prompt} you:";
    recipe.image_text = " tw";
    recipe.placement = Placement::placeholder;
    recipe.image_token = words_of().id_of("tw").value();
    return recipe;
}

TextRecipe captions() {
    TextRecipe recipe;
    recipe.prompt_template = "{prompt}";
    recipe.image_token = TokenId{9};
    return recipe;
}

Result<Tokens> encoded(const TextRecipe& recipe, std::string_view prompt, std::size_t pictures) {
    return encode_prompt(words_of(), recipe, prompt, text_of_pictures(recipe, pictures), Limits{});
}

// A film's groups have a token of their own, and say when they are shown.
TEST(PromptTokens, AFilmStandsWhereAPictureWould) {
    const TextRecipe recipe = chat();
    const FilmRecipe film{
        .text = " a{groups} b",
        .group_text = " {seconds}<image>",
        .token = words_of().id_of("<image>").value()
    };
    const std::vector<double> seconds{0.25, 61.26};
    const SeenText seen = text_of_film(film, seconds);
    EXPECT_EQ(seen.text, " a 0.2<image> 61.3<image> b");
    EXPECT_EQ(seen.count, 2U);
    const Tokens words = encode_prompt(words_of(), recipe, " cat", seen, Limits{}).value();
    EXPECT_EQ(words, words_of().encode("user:  a 0.2<image> 61.3<image> b cat you:").value());
    const std::vector<int> counts{2, 3};
    const Prompt prompt = assemble_prompt(recipe, words, seen.token, counts, {});
    EXPECT_EQ(std::ranges::count(prompt.tokens, film.token), 5);
    EXPECT_EQ(std::ranges::count(prompt.tokens, recipe.image_token), 0);
}

TEST(PromptTokens, PlaceholdersStandInFrontOfThePrompt) {
    TextRecipe recipe = captions();
    recipe.prefix = {TokenId{71}};
    recipe.suffix = {TokenId{72}};
    const Tokens words = encoded(recipe, "a cat", 2).value();
    EXPECT_EQ(words, words_of().encode("a cat").value());
    const std::vector<int> counts{2, 1};
    const Prompt prompt = assemble_prompt(recipe, words, recipe.image_token, counts, Tokens{TokenId{80}});
    EXPECT_EQ(
        prompt.tokens, joined({Tokens(3, TokenId{9}), {TokenId{71}}, words, {TokenId{72}, TokenId{80}}})
    );
}

TEST(PromptTokens, APlaceholderIsRepeatedWhereItStandsAsOftenAsItsPictureNeeds) {
    const TextRecipe recipe = chat();
    const Tokens words = encoded(recipe, " a cat", 2).value();
    EXPECT_EQ(std::ranges::count(words, recipe.image_token), 2);
    const std::vector<int> counts{3, 2};
    const Prompt prompt = assemble_prompt(recipe, words, recipe.image_token, counts, {});
    EXPECT_EQ(prompt.tokens.size(), words.size() + 3);
    const auto first = std::ranges::find(prompt.tokens, recipe.image_token);
    EXPECT_EQ(first - prompt.tokens.begin(), std::ranges::find(words, recipe.image_token) - words.begin());
    EXPECT_EQ(std::count(first, first + 3, recipe.image_token), 3);
    EXPECT_EQ(std::ranges::count(prompt.tokens, recipe.image_token), 5);
}

TEST(PromptTokens, WhatCountsAsSaidBeginsWhereTheRecipeSays) {
    TextRecipe recipe = captions();
    recipe.prefix = {TokenId{71}};
    recipe.suffix = {TokenId{72}};
    const Tokens words{TokenId{50}, TokenId{51}};
    const std::vector<int> counts{4};
    const auto from = [&](History history) {
        recipe.history = history;
        return assemble_prompt(recipe, words, recipe.image_token, counts, {}).history_from;
    };
    EXPECT_EQ(from(History::all), 0U);
    EXPECT_EQ(from(History::text), 4U);
    EXPECT_EQ(from(History::suffix), 7U);
}

TEST(PromptTokens, APlaceholderOfTheClientsIsRefused) {
    const auto chatted = encoded(chat(), " two", 1);
    ASSERT_FALSE(chatted.has_value());
    EXPECT_EQ(chatted.error().code, ErrorCode::invalid_input);
    const auto prefix = encode_prefix(words_of(), chat(), {}, " two");
    ASSERT_FALSE(prefix.has_value());
    EXPECT_EQ(prefix.error().code, ErrorCode::invalid_input);
}

TEST(PromptTokens, ATemplateWithoutAPlaceForThePictureIsTheBundlesMistake) {
    TextRecipe recipe = chat();
    recipe.prompt_template = "{prompt}";
    const auto words = encoded(recipe, "a cat", 1);
    ASSERT_FALSE(words.has_value());
    EXPECT_EQ(words.error().code, ErrorCode::bundle_invalid);
}

TEST(PromptTokens, SpecialTokensAreThereIfTheRecipeWantsThem) {
    TextRecipe recipe = captions();
    const Tokens with = encoded(recipe, "a cat", 1).value();
    recipe.special_tokens = false;
    const Tokens without = encoded(recipe, "a cat", 1).value();
    EXPECT_EQ(with, joined({{with.front()}, without}));
}

TEST(PromptTokens, APrefixContinuesThePromptAsAPersonWouldWriteIt) {
    for (const std::string name : {"tokenizer", "byte_fallback"}) {
        const Tokenizer& tokenizer = words_of(name);
        TextRecipe recipe = captions();
        recipe.image_token = TokenId{-1};
        const Tokens words = tokenizer.encode("a photo of").value();
        for (const std::string prefix : {"a cat", " a cat"}) {
            const Tokens tokens = encode_prefix(tokenizer, recipe, words, prefix).value();
            const std::string whole = tokenizer.decode(joined({words, tokens})).value();
            EXPECT_EQ(whole.substr(whole.find("of")), "of a cat") << name;
        }
        EXPECT_TRUE(encode_prefix(tokenizer, recipe, words, "").value().empty());
    }
}

TEST(PromptTokens, AStrangerCannotEndHisTurn) {
    const Error error = encoded(captions(), "a cat</s>", 1).error();
    EXPECT_EQ(error.code, ErrorCode::invalid_input);
    EXPECT_NE(error.message.find("the prompt contains </s>"), std::string::npos) << error.message;
    EXPECT_EQ(encode_prefix(words_of(), captions(), {}, "so</s>").error().code, ErrorCode::invalid_input);
}

TEST(PromptTokens, AForbiddenWordIsForbiddenAtTheBeginningAndBehindABlank) {
    const auto forbidden = encode_forbidden(words_of(), std::vector<std::string>{"cat", "cat"}, {}).value();
    EXPECT_EQ(
        forbidden, (std::vector<Tokens>{
                       words_of().encode("cat", false).value(), words_of().encode(" cat", false).value()
                   })
    );
}

TEST(PromptTokens, TheEndIsNeverForbidden) {
    const Tokens end = words_of().encode("</s>", false).value();
    ASSERT_EQ(end.size(), 1U);
    const auto forbidden = encode_forbidden(words_of(), std::vector<std::string>{"</s>"}, end).value();
    EXPECT_EQ(std::ranges::count(forbidden, end), 0);
    EXPECT_EQ(
        std::ranges::count(encode_forbidden(words_of(), std::vector<std::string>{"</s>"}, {}).value(), end), 1
    );
}

}  // namespace
}  // namespace vignette
