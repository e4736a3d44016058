#include "serve/rate.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace vignette {
namespace {

using namespace std::chrono_literals;

const Rate::Clock::time_point start = Rate::Clock::time_point(1h);

TEST(Rate, AMinutesRequestsMayComeAtOnceAndThenOneAfterTheOther) {
    Rate rate(60);
    for (int i = 0; i < 60; ++i) EXPECT_FALSE(rate.take(start)) << i;
    EXPECT_EQ(rate.take(start), 1s);
    EXPECT_EQ(rate.take(start + 999ms), 1s);  // asking too early costs nothing
    EXPECT_FALSE(rate.take(start + 1s));
    EXPECT_TRUE(rate.take(start + 1s));
    for (int i = 0; i < 10; ++i) EXPECT_FALSE(rate.take(start + 11s)) << i;
    EXPECT_TRUE(rate.take(start + 11s));
}

TEST(Rate, WhoWasSilentForLongHasNoMoreThanAMinutes) {
    Rate rate(3);
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(rate.take(start + 24h)) << i;
    EXPECT_EQ(rate.take(start + 24h), 20s);
}

TEST(Rate, ManyThreadsTakeNoMoreThanThereIs) {
    Rate rate(1'000);
    std::atomic<int> taken = 0;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i)
            threads.emplace_back([&] {
                for (int k = 0; k < 1'000; ++k) taken += rate.take(start) ? 0 : 1;
            });
    }
    EXPECT_EQ(taken, 1'000);
}

}  // namespace
}  // namespace vignette
