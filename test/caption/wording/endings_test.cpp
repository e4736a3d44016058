#include "caption/wording/endings.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace vignette {
namespace {

std::vector<std::string> sentences_of(std::string_view text) {
    std::vector<std::string> found;
    std::size_t begin = 0;
    for (std::size_t end = sentence_end(text, 0); end != std::string_view::npos;
         end = sentence_end(text, end)) {
        found.emplace_back(text.substr(begin, end - begin));
        begin = end;
    }
    if (begin < text.size()) found.emplace_back("..." + std::string(text.substr(begin)));
    return found;
}

using Texts = std::vector<std::string>;

TEST(Endings, ASentenceEndsWithItsMarkAndItsQuotes) {
    EXPECT_EQ(sentences_of("A dog. Two cats! Why?"), (Texts{"A dog.", " Two cats!", " Why?"}));
    EXPECT_EQ(
        sentences_of("It says \"Stop.\" (See it?) He"), (Texts{"It says \"Stop.\"", " (See it?)", "... He"})
    );
    EXPECT_EQ(sentences_of("Wow!!! What... And"), (Texts{"Wow!!!", " What...", "... And"}));
    EXPECT_EQ(sentences_of("no end"), Texts{"...no end"});
    EXPECT_EQ(sentences_of(""), Texts{});
}

TEST(Endings, AFullStopInAWordEndsNothing) {
    for (const char* text :
         {"A board of 3.5 m", "See example.com now", "Mr. Smith and Dr. Who", "e.g. a dog",
          "about 5 p.m. in May", "Coffee & Co. sign", "J. R. R. Tolkien", "Room No. 5 is", "1. A dog",
          "Wait... there it is"})
        EXPECT_EQ(sentences_of(text), Texts{"..." + std::string(text)}) << text;
}

TEST(Endings, AnAbbreviationMayEndASentence) {
    EXPECT_EQ(sentences_of("Cups, plates, etc. A table"), (Texts{"Cups, plates, etc.", "... A table"}));
    EXPECT_EQ(sentences_of("It is 5 p.m."), Texts{"It is 5 p.m."});
    EXPECT_EQ(sentences_of("It was in 1990. Then"), (Texts{"It was in 1990.", "... Then"}));
}

TEST(Endings, ATextWithoutCapitalsHasSentencesToo) {
    EXPECT_EQ(sentences_of("a dog. a cat. a"), (Texts{"a dog.", " a cat.", "... a"}));
}

TEST(Endings, OtherScriptsEndTheirSentencesTheirWay) {
    EXPECT_EQ(sentences_of("一只狗。两只猫！真的？是"), (Texts{"一只狗。", "两只猫！", "真的？", "...是"}));
    EXPECT_EQ(sentences_of("「一只狗。」他说"), (Texts{"「一只狗。」", "...他说"}));
    EXPECT_EQ(sentences_of("एक कुत्ता। दो"), (Texts{"एक कुत्ता।", "... दो"}));
    EXPECT_EQ(sentences_of("هل هذا كلب؟ نعم"), (Texts{"هل هذا كلب؟", "... نعم"}));
    EXPECT_EQ(sentences_of("Собака. Кошка"), (Texts{"Собака.", "... Кошка"}));
}

TEST(Endings, ALineIsASentence) {
    EXPECT_EQ(sentences_of("- a dog\n\n- a cat\n- a"), (Texts{"- a dog", "\n\n- a cat", "...\n- a"}));
}

TEST(Endings, WholeSentencesLeaveOutTheLastHalfOne) {
    EXPECT_EQ(whole_sentences("A dog runs. A cat sits. The bi"), "A dog runs. A cat sits.");
    EXPECT_EQ(whole_sentences("A dog runs. Mr."), "A dog runs.");
    EXPECT_EQ(whole_sentences("- red\n- blue\n2."), "- red\n- blue");
    EXPECT_EQ(whole_sentences("a dog on a"), "");
    EXPECT_EQ(first_sentence("A dog runs. A cat"), "A dog runs.");
    EXPECT_EQ(first_sentence("A dog runs "), "A dog runs");
}

TEST(Endings, WhatIsCertainOfAnUnfinishedTextStaysWhateverComes) {
    const std::string whole =
        "A dog. it \"Runs.\" Then 3.5 m. Mr. Fox (no. 5) etc. And a list:\n1. One\n2. Two 一只狗。」两。 "
        "so... yes. e.g. J. B. K";
    std::vector<std::size_t> sizes;  // of whole characters
    for (std::size_t size = 0; size <= whole.size(); ++size) {
        if (size == whole.size() || (static_cast<unsigned char>(whole[size]) & 0xC0) != 0x80)
            sizes.push_back(size);
    }
    for (const std::size_t size : sizes) {
        const std::size_t certain = certain_sentences(std::string_view(whole).substr(0, size));
        for (const std::size_t more : sizes) {
            if (more < size) continue;
            const std::string_view longer = std::string_view(whole).substr(0, more);
            ASSERT_GE(certain_sentences(longer), certain) << longer;
            ASSERT_TRUE(certain == 0 || whole_sentences(longer).size() >= certain) << longer;
        }
    }
    EXPECT_EQ(certain_sentences("A dog."), 0U);
    EXPECT_EQ(certain_sentences("A dog. "), 0U);
    EXPECT_EQ(certain_sentences("A dog. B"), 6U);
}

TEST(Endings, WholeWordsLeaveOutWhatMayBeHalfAWord) {
    EXPECT_EQ(whole_words("a dog on a bea"), "a dog on a");
    EXPECT_EQ(whole_words("a dog on a beach "), "a dog on a beach");
    EXPECT_EQ(whole_words("a dog, a cat,"), "a dog, a cat,");
    EXPECT_EQ(whole_words("dog"), "dog");
    EXPECT_EQ(whole_words("一只狗"), "一只狗");
    EXPECT_EQ(whole_words(""), "");
}

TEST(Endings, WhatPromisesMoreIsTakenOff) {
    EXPECT_EQ(without_dangling("a dog, and"), "a dog");
    EXPECT_EQ(without_dangling("a dog next to a"), "a dog");
    EXPECT_EQ(without_dangling("a dog in front of the"), "a dog in front");
    EXPECT_EQ(without_dangling("a dog -"), "a dog");
    EXPECT_EQ(without_dangling("a dog (with"), "a dog");
    EXPECT_EQ(without_dangling("a sand"), "a sand");
    EXPECT_EQ(without_dangling("The"), "The");
    EXPECT_EQ(without_dangling("一只狗，"), "一只狗");
}

TEST(Endings, CharactersAreCountedAndNotBytes) {
    EXPECT_EQ(count_characters("aé你🦩"), 4U);
    EXPECT_EQ(within_characters("ünï cödé", 8), "ünï cödé");
    EXPECT_EQ(within_characters("ünï cödé", 7), "ünï");
    EXPECT_EQ(within_characters("ünï cödé", 3), "ünï");
    EXPECT_EQ(within_characters("你好世界", 3), "你好世");
    EXPECT_EQ(within_characters("abcdef", 3), "abc");
    EXPECT_EQ(within_characters("abc", 0), "");
}

TEST(Endings, ACharacterKeepsItsAccentsAndItsJoiners) {
    const std::string family = "👩‍👩‍👧";
    EXPECT_EQ(within_characters("e\u0301e\u0301", 3), "e\u0301");
    EXPECT_EQ(within_characters("狗" + family, 2), "狗");
}

}  // namespace
}  // namespace vignette
