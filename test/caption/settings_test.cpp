#include "caption/settings.h"

#include <gtest/gtest.h>

namespace vignette {
namespace {

BundleInfo bundle() {
    BundleInfo info;
    info.text.default_prompt = "a photo of";
    info.text.end = {TokenId{7}};
    return info;  // the defaults of GenerationDefaults: 40 of at most 50, at least 8, 3 beams of at most 3
}

TEST(Settings, AreTheBundlesDefaultsWhereTheJobHasNoWish) {
    const Settings settings = settle({}, bundle());
    EXPECT_EQ(settings.prompt, "a photo of");
    EXPECT_EQ(settings.rules.max_length, 40);
    EXPECT_EQ(settings.rules.min_length, 8);
    EXPECT_EQ(settings.rules.num_beams, 3);
    EXPECT_EQ(settings.rules.end, std::vector<TokenId>{TokenId{7}});
    EXPECT_TRUE(settings.warnings.empty());
}

TEST(Settings, GrantWishesWithinTheLimits) {
    const Settings settings =
        settle({.prompt = "", .max_length = 50, .min_length = 0, .num_beams = 1}, bundle());
    EXPECT_EQ(settings.prompt, "");
    EXPECT_EQ(settings.rules.max_length, 50);
    EXPECT_EQ(settings.rules.min_length, 0);
    EXPECT_EQ(settings.rules.num_beams, 1);
    EXPECT_TRUE(settings.warnings.empty());
}

TEST(Settings, ClampWithAWarningThatNamesWishRangeAndValue) {
    const Settings settings = settle({.max_length = 51, .num_beams = std::int64_t{1} << 40}, bundle());
    EXPECT_EQ(settings.rules.max_length, 50);
    EXPECT_EQ(settings.rules.num_beams, 3);
    ASSERT_EQ(settings.warnings.size(), 2U);
    EXPECT_EQ(settings.warnings[0].field, "input.max_length");
    EXPECT_EQ(settings.warnings[0].message, "51 is outside 1 to 50; 50 was used");
    EXPECT_EQ(settings.warnings[1].field, "input.num_beams");
}

TEST(Settings, AShortCaptionNeedsNoWarningAboutADefaultMinimum) {
    const Settings settings = settle({.max_length = 5}, bundle());
    EXPECT_EQ(settings.rules.max_length, 5);
    EXPECT_EQ(settings.rules.min_length, 5);
    EXPECT_TRUE(settings.warnings.empty());
}

TEST(Settings, AMinimumAboveTheMaximumIsClampedToIt) {
    const Settings settings = settle({.max_length = 10, .min_length = 20}, bundle());
    EXPECT_EQ(settings.rules.min_length, 10);
    ASSERT_EQ(settings.warnings.size(), 1U);
    EXPECT_EQ(settings.warnings[0].field, "input.min_length");
}

}  // namespace
}  // namespace vignette
