#include "caption/wording/boxes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace vignette {
namespace {

constexpr Size thousand{1000, 1000};
constexpr Size hundred{100, 100};

std::string box(const std::string& sides, const std::string& label) {
    return R"({"bbox_2d": [)" + sides + R"(], "label": ")" + label + R"("})";
}

TEST(Boxes, AreThoseOfThePictureAsItIsShown) {
    const FoundBoxes found = find_boxes("[" + box("0, 500, 250, 1000", "cup") + "]", thousand, {4000, 300});
    EXPECT_EQ(found.text, R"([{"label":"cup","box":[0,150,1000,300]}])");
    EXPECT_FALSE(found.cut_short);
    const FoundBoxes resized = find_boxes("[" + box("14, 28, 56, 84", "cup") + "]", {56, 84}, {112, 42});
    EXPECT_EQ(resized.text, R"([{"label":"cup","box":[28,14,112,42]}])");
}

TEST(Boxes, StayWithinThePictureWhateverTheModelSays) {
    const FoundBoxes found = find_boxes("[" + box("900, 40, 16383, 20", "wide") + "]", thousand, hundred);
    EXPECT_EQ(found.text, R"([{"label":"wide","box":[90,2,100,4]}])");
}

TEST(Boxes, WithoutAnAreaAreCountedAndLeftOut) {
    const std::string said = "[" + box("5, 5, 5, 90", "line") + "," + box("0, 0, 90, 90", "spot") + "]";
    const FoundBoxes found = find_boxes(said, thousand, hundred);
    EXPECT_EQ(found.without_area, 1);
    EXPECT_EQ(found.text, R"([{"label":"spot","box":[0,0,9,9]}])");
}

TEST(Boxes, ThatWereWholeBeforeTheListWasCutStand) {
    const std::string whole =
        "[" + box("0, 0, 100, 100", "a } b ]") + ", " + box("200, 0, 300, 100", R"(\"}]\")") + "]";
    const std::string first = R"([{"label":"a } b ]","box":[0,0,10,10]})";
    const std::string both = first + R"(,{"label":"\"}]\"","box":[20,0,30,10]}])";
    for (std::size_t length = 0; length < whole.size(); ++length) {
        const FoundBoxes found = find_boxes(whole.substr(0, length), thousand, hundred);
        EXPECT_TRUE(found.cut_short) << length;
        const auto items =
            std::ranges::count(whole.substr(0, length), ',');  // 4 in the first, 5 with its end
        EXPECT_TRUE(found.text == "[]" || items >= 4) << length << ": " << found.text;
        EXPECT_TRUE(found.text != "[]" || items <= 4) << length << ": " << found.text;
    }
    EXPECT_EQ(find_boxes(whole.substr(0, whole.size() - 5), thousand, hundred).text, first + "]");
    EXPECT_EQ(find_boxes(whole.substr(0, whole.size() - 1), thousand, hundred).text, both);
    EXPECT_EQ(find_boxes(whole, thousand, hundred).text, both);
}

TEST(Boxes, AnEmptyListIsAnAnswer) {
    const FoundBoxes found = find_boxes("[]", thousand, hundred);
    EXPECT_EQ(found.text, "[]");
    EXPECT_FALSE(found.cut_short);
}

}  // namespace
}  // namespace vignette
