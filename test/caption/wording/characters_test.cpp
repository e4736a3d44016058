#include "caption/wording/characters.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace vignette {
namespace {

using Kind = bool (*)(char32_t);

void expect_all(Kind kind, bool expected, std::u32string_view codes) {
    for (const char32_t code : codes)
        EXPECT_EQ(kind(code), expected) << "U+" << std::hex << std::uint32_t{code};
}

constexpr std::u32string_view marks =
    U"\u0301\u05B0\u093F\u09BE\u0BBF\u0E33\u1B44\u200D\uFE0F\U0001F3FD\U000E0067";

TEST(Characters, CapitalsOfEveryAlphabetBecomeSmall) {
    const std::u32string_view capitals = U"AZÀÞĀŠŽĐŁŸΑΩАЯЁЂԱẠ", small = U"azàþāšžđłÿαωаяёђաạ";
    for (std::size_t i = 0; i < capitals.size(); ++i) EXPECT_EQ(lower(capitals[i]), small[i]) << i;
    for (const char32_t code : U"az×÷ß狗🦩١") EXPECT_EQ(lower(code), code);
}

TEST(Characters, MarksOfEveryScriptContinueTheCharacterBeforeThem) {
    expect_all(continues_cluster, true, marks);
    expect_all(continues_cluster, false, U"aé狗🦩 .\u0E01");
}

TEST(Characters, WordsAreMadeOfAllButPunctuationAndBlanks) {
    expect_all(is_letter, true, marks);
    expect_all(is_letter, true, U"a7éªµ狗☂🦩א١\u0F40\U00010400");
    expect_all(is_letter, false, U".-_«¿©×€“。、！״،।\u0F0D\uFFFD\n ");
}

TEST(Characters, BlanksOfAllWidths) {
    expect_all(is_blank, true, U"\t\n\r \u00A0\u1680\u2003\u200B\u2028\u202F\u205F\u3000");
    expect_all(is_blank, false, U"a.\u200D\u2010\u0301");
}

// character_at() makes such values of bytes that begin no character.
TEST(Characters, ValuesThatAreNoCharactersAreOfNoKind) {
    for (const char32_t code : {0xD800U, 0x110000U, 0x1FFFFFU, 0xFFFFFFFFU}) {
        EXPECT_EQ(lower(code), code);
        EXPECT_FALSE(is_blank(code));
        EXPECT_FALSE(continues_cluster(code));
    }
}

}  // namespace
}  // namespace vignette
