#include "caption/cache/vision_cache.h"

#include <gtest/gtest.h>

#include "fakes/scripted_model.h"

namespace vignette::vision_cache_test {
namespace {

CacheKey key(int number) {
    KeyDigest digest;
    digest.add(number);
    return digest.finish();
}

SeenPicture picture(int number) {
    return {.input = std::make_shared<ScriptedPixels>(number), .info = {.size = {number, 1}}};
}

int number_of(const SeenPicture& seen) { return dynamic_cast<const ScriptedPixels&>(*seen.input).picture; }

void look_at(const SeenPicture& seen) { dynamic_cast<const ScriptedPixels&>(*seen.input).seen = true; }

// A scripted picture has 1000 bytes of pixels, and 100 once it has been seen.
struct VisionCacheTest : ::testing::Test {
    void keep(int number) { look_at(cache.share(key(number), picture(number)).first); }

    VisionCache cache{2500};
};

TEST_F(VisionCacheTest, WhoComesSecondGetsWhatTheFirstHas) {
    const auto [first, shared] = cache.share(key(1), picture(1));
    EXPECT_FALSE(shared);
    const auto [second, shared_again] = cache.share(key(1), picture(9));
    EXPECT_TRUE(shared_again);
    EXPECT_EQ(second.input, first.input);
    EXPECT_EQ(cache.find(key(1))->input, first.input);
    EXPECT_EQ(cache.find(key(1))->info.size.width, 1);
    EXPECT_FALSE(cache.find(key(2)));
}

TEST_F(VisionCacheTest, OnceSeenAPictureHasTheBytesOfItsFeatures) {
    const SeenPicture held = cache.share(key(1), picture(1)).first;
    EXPECT_EQ(cache.bytes(), 1000U);
    look_at(held);
    EXPECT_EQ(cache.bytes(), 100U);
}

TEST_F(VisionCacheTest, WhatWasUsedLongestAgoMakesRoomButNotWhatAJobHolds) {
    const SeenPicture held = cache.share(key(1), picture(1)).first;
    for (int i = 2; i < 40; ++i) {
        keep(i);
        EXPECT_LE(cache.bytes(), 2500U);
    }
    EXPECT_TRUE(cache.find(key(1))) << "a job holds it: letting it go would free nothing";
    EXPECT_FALSE(cache.find(key(2)));
    EXPECT_EQ(number_of(*cache.find(key(39))), 39);
    const SeenPicture another = cache.share(key(50), picture(50)).first;
    EXPECT_FALSE(cache.share(key(51), picture(51)).second);
    EXPECT_FALSE(cache.find(key(51))) << "two that are held fill it: no third one is kept";
}

TEST_F(VisionCacheTest, WhereMemoryIsShortAllGoesThatNoJobHolds) {
    for (int i = 0; i < 5; ++i) keep(i);
    SeenPicture held = *cache.find(key(3));
    EXPECT_TRUE(cache.make_room());
    EXPECT_EQ(cache.bytes(), 100U);
    EXPECT_FALSE(cache.make_room());
    held = {};
    EXPECT_TRUE(cache.make_room());
    EXPECT_EQ(cache.bytes(), 0U);
}

TEST_F(VisionCacheTest, WhatIsForgottenIsSeenAnew) {
    keep(1);
    cache.forget(key(1));
    cache.forget(key(1));
    EXPECT_FALSE(cache.find(key(1)));
    EXPECT_FALSE(cache.share(key(1), picture(1)).second);
    EXPECT_EQ(cache.bytes(), 1000U);
}

TEST_F(VisionCacheTest, WhatDoesNotFitAtAllPushesNothingOut) {
    VisionCache small(999);
    EXPECT_FALSE(small.share(key(1), picture(1)).second);
    EXPECT_FALSE(small.find(key(1)));
    EXPECT_FALSE(VisionCache(0).keeps());
}

}  // namespace
}  // namespace vignette::vision_cache_test
