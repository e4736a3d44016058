#include "caption/cache/recently_used.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <vector>

namespace vignette {
namespace {

bool anything(int) { return true; }

CacheKey sha_of(std::uint64_t number) {
    KeyDigest digest;
    digest.add(number);
    return digest.finish();
}

// Keys as nobody can make them on purpose: 64 share their first eight bytes, and with them their bucket; two
// neighbours differ in their last byte only.
CacheKey clashing(std::uint64_t number) {
    CacheKey key{};
    const std::uint64_t bucket = number / 64;
    std::memcpy(key.data(), &bucket, sizeof bucket);
    key[31] = static_cast<std::uint8_t>(number % 64);
    return key;
}

TEST(RecentlyUsed, AMillionKeysAndForcedClashesGiveNoWrongHit) {
    constexpr std::uint64_t count = 1'000'000;
    std::vector<CacheKey> keys;
    keys.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) keys.push_back(i % 4 == 0 ? sha_of(i) : clashing(i));
    RecentlyUsed<std::uint64_t> kept;
    for (std::uint64_t i = 0; i < count; ++i) kept.add(keys[i], i, 1);
    EXPECT_EQ(kept.bytes(), count);
    std::uint64_t wrong = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::uint64_t* const found = kept.find(keys[i]);
        wrong += found != nullptr && *found == i ? 0U : 1U;
        if (i % 4 != 0) continue;  // there is none in its neighbours' bucket that is not theirs
        wrong += kept.find(clashing(i)) == nullptr ? 0U : 1U;
    }
    EXPECT_EQ(wrong, 0U);
}

TEST(RecentlyUsed, WhatWasUsedLongestAgoGoesFirstUnlessItMayNot) {
    RecentlyUsed<int> kept;
    for (int i = 0; i < 4; ++i) kept.add(sha_of(static_cast<std::uint64_t>(i)), i, 10);
    ASSERT_NE(kept.find(sha_of(0)), nullptr);
    kept.shrink(20, [](int value) { return value != 1; });
    EXPECT_EQ(kept.bytes(), 20U);
    EXPECT_NE(kept.find(sha_of(0)), nullptr) << "it was used just now";
    EXPECT_NE(kept.find(sha_of(1)), nullptr) << "it may not go";
    kept.shrink(0, anything);
    EXPECT_EQ(kept.bytes(), 0U);
    EXPECT_EQ(kept.find(sha_of(0)), nullptr);
}

TEST(RecentlyUsed, BytesFollowWhatIsRecountedReplacedAndErased) {
    RecentlyUsed<int> kept;
    kept.add(sha_of(1), 1, 10);
    kept.add(sha_of(1), 2, 50);
    EXPECT_EQ(*kept.find(sha_of(1)), 1) << "the first stays";
    EXPECT_EQ(kept.bytes(), 10U);
    kept.recount(sha_of(1), [](int) { return std::size_t{70}; });
    kept.recount(sha_of(2), [](int) { return std::size_t{70}; });
    EXPECT_EQ(kept.bytes(), 70U);
    kept.erase(sha_of(1));
    EXPECT_EQ(kept.bytes(), 0U);
}

}  // namespace
}  // namespace vignette
