#include "caption/wording/form_text.h"

#include <gtest/gtest.h>

#include "caption/wording/endings.h"

namespace vignette {
namespace {

std::string text_of(std::string_view said, Wording wording, bool cut_short = false) {
    return finished("", said, wording, cut_short).text;
}

TEST(Wording, WithoutAPresetTheTextStaysAsItIs) {
    EXPECT_EQ(text_of(" a dog, and a. Ca \n", Wording::as_said, true), "a dog, and a. Ca");
}

TEST(Wording, AnAlternativeTextDoesNotSayThatThereIsAPicture) {
    for (const char* said :
         {"An image of a dog.", "a photo of a dog.", "The picture shows a dog.",
          "This is a photograph of a dog.", "image depicting a dog.", "This image features a dog."}) {
        const std::string expected = said[0] >= 'a' ? "a dog." : "A dog.";
        EXPECT_EQ(text_of(said, Wording::alt_text), expected) << said;
    }
    EXPECT_EQ(text_of("A photo album.", Wording::alt_text), "A photo album.");
    EXPECT_EQ(text_of("A drawing of a dog.", Wording::alt_text), "A drawing of a dog.");
    EXPECT_EQ(text_of("An image of", Wording::alt_text), "An image of");
}

TEST(Wording, AnAlternativeTextIsOneSentenceOfAtMost125Characters) {
    EXPECT_EQ(text_of("A dog. A cat.", Wording::alt_text), "A dog.");
    std::string said = "A dog";
    while (said.size() < 200) said += ", and é";
    const std::string text = text_of(said, Wording::alt_text);
    EXPECT_LE(count_characters(text), alt_text_characters_max);
    EXPECT_GT(count_characters(text), alt_text_characters_max - 10);
    EXPECT_TRUE(said.starts_with(text));
    EXPECT_TRUE(text.ends_with("é")) << text;
    std::string exact(125, 'x');
    EXPECT_EQ(text_of(exact, Wording::alt_text), exact);
    EXPECT_EQ(count_characters(text_of(exact + "x", Wording::alt_text)), 125U);
}

TEST(Wording, ASentenceThatTheModelDidNotEndEndsAtAWholeWord) {
    EXPECT_EQ(text_of("A dog with a red bal", Wording::one_sentence, true), "A dog with a red");
    EXPECT_EQ(text_of("A dog runs. A cat si", Wording::one_sentence, true), "A dog runs.");
    EXPECT_EQ(text_of("A dog with a red ball", Wording::one_sentence), "A dog with a red ball");
    EXPECT_EQ(text_of("A dog, and a", Wording::alt_text, true), "A dog");
}

TEST(Wording, OfALongTextThatWasCutWholeSentencesStay) {
    EXPECT_EQ(text_of("A dog. Two cats. The", Wording::sentences, true), "A dog. Two cats.");
    EXPECT_EQ(text_of("A dog. Two cats. The", Wording::sentences), "A dog. Two cats. The");
    EXPECT_EQ(text_of("framing: wide; colours: re", Wording::sentences, true), "framing: wide; colours");
}

TEST(Wording, TagsAreAListAndItsText) {
    const FormedText made = finished("", "Dog, Cat, dog", Wording::tag_list, false);
    EXPECT_EQ(made.text, "dog, cat");
    EXPECT_EQ(made.tags, (std::vector<std::string>{"dog", "cat"}));
    EXPECT_EQ(text_of("a red dog", Wording::tag_words), "red, dog");
    EXPECT_FALSE(finished("", "a", Wording::sentences, false).tags);
}

TEST(Wording, AModelThatWroteASentenceInsteadOfAListGivesItsWords) {
    EXPECT_EQ(
        text_of("There is one red circle on the blue ground", Wording::tag_list),
        "one, red, circle, blue, ground"
    );
}

TEST(Wording, APrefixStaysToTheByte) {
    EXPECT_EQ(
        finished(" An image of", " a dog. It ", Wording::as_said, false).text, " An image of a dog. It"
    );
    EXPECT_EQ(finished("An image of", " a dog. It", Wording::alt_text, false).text, "An image of a dog.");
    EXPECT_EQ(finished("A dog. It ", "", Wording::as_said, false).text, "A dog. It ");
    EXPECT_EQ(finished("A dog. It", " runs fas", Wording::sentences, true).text, "A dog. It runs");
    EXPECT_EQ(finished("A dog. It", "", Wording::alt_text, false).text, "A dog. It");
}

TEST(Wording, WhatIsCertainIsTheBeginningOfWhatComesOut) {
    const std::string said = "A dog runs. Two cats sit. The bird sings. And";
    for (const Wording wording :
         {Wording::as_said, Wording::alt_text, Wording::one_sentence, Wording::sentences}) {
        for (std::size_t size = 0; size <= said.size(); ++size) {
            const std::string_view text = std::string_view(said).substr(0, size);
            const std::string_view told = strip(text.substr(0, certain_bytes(text, wording)));
            EXPECT_TRUE(text_of(said, wording, false).starts_with(told)) << text;
            if (wording == Wording::as_said) continue;
            EXPECT_TRUE(text_of(said, wording, true).starts_with(told)) << text;
        }
    }
    EXPECT_EQ(certain_bytes(said, Wording::sentences), said.size() - 4);
    EXPECT_EQ(certain_bytes(said, Wording::as_said), said.size());
}

}  // namespace
}  // namespace vignette
