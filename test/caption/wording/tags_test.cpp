#include "caption/wording/tags.h"

#include <gtest/gtest.h>

namespace vignette {
namespace {

using Tags = std::vector<std::string>;

TEST(Tags, AListIsTakenApartInItsOrderEachOnceInLowerCase) {
    EXPECT_EQ(listed_tags("Dog, Beach, dog, Blue sky.", false), (Tags{"dog", "beach", "blue sky"}));
    EXPECT_EQ(
        listed_tags("ÉTÉ, Собака, ΜΠΛΕ, 狗、沙滩", false), (Tags{"été", "собака", "μπλε", "狗", "沙滩"})
    );
}

TEST(Tags, EveryAlphabetThatHasSmallLettersGetsThem) {
    EXPECT_EQ(listed_tags("ŠTĚSTÍ, ŁÓDŹ, ԱՐԵՎ", false), (Tags{"štěstí", "łódź", "արեվ"}));
}

TEST(Tags, TheMarksOfAListAreNoPartOfIt) {
    EXPECT_EQ(
        listed_tags("Tags:\n1. dog\n2) red ball\n- \"cat\"\n* tree", false),
        (Tags{"dog", "red ball", "cat", "tree"})
    );
    EXPECT_EQ(listed_tags("#dog #beach #sun-set", false), (Tags{"dog", "beach", "sun-set"}));
    EXPECT_EQ(listed_tags("90s car, 3 dogs", false), (Tags{"90s car", "3 dogs"}));
}

TEST(Tags, ASentenceIsNoTag) {
    EXPECT_EQ(listed_tags("dog, there is also a cat in the picture", false), Tags{"dog"});
    EXPECT_EQ(listed_tags("", false), Tags{});
    EXPECT_EQ(listed_tags(" , ,, ", false), Tags{});
}

TEST(Tags, TheLastOfAListThatWasCutIsLeftOut) {
    EXPECT_EQ(listed_tags("dog, beach, blu", true), (Tags{"dog", "beach"}));
    EXPECT_EQ(listed_tags("dog", true), Tags{"dog"});
}

TEST(Tags, OfACaptionItsWordsButNotTheEmptyOnes) {
    EXPECT_EQ(
        word_tags("A photo of two dogs and a dog on the T-shirt, 3 balls.", false),
        (Tags{"two", "dogs", "dog", "t-shirt", "balls"})
    );
    EXPECT_EQ(word_tags("a red squ", true), Tags{"red"});
    EXPECT_EQ(word_tags("the", false), Tags{});
}

TEST(Tags, AreJoinedAsAPersonWouldWriteThem) {
    EXPECT_EQ(joined({"dog", "blue sky"}), "dog, blue sky");
    EXPECT_EQ(joined({}), "");
}

}  // namespace
}  // namespace vignette
