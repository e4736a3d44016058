#include "kernels/cpu/crew.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

namespace vignette::kernels_test {
namespace {

TEST(Crew, EachPartIsDoneOnceAndNoneIsShorterThanItMayBe) {
    for (const std::size_t count : {1U, 2U, 31U, 32U, 33U, 1000U}) {
        for (int round = 0; round < 200; ++round) {
            std::vector<std::atomic<int>> done(count);
            share_work(3, count, 7, [&](std::size_t begin, std::size_t end) {
                EXPECT_TRUE(end - begin >= 7 || end == count);
                for (std::size_t i = begin; i < end; ++i) ++done[i];
            });
            for (const std::atomic<int>& one : done) ASSERT_EQ(one, 1);
        }
    }
}

TEST(Crew, OthersHelp) {
    // Two parts that wait for one another: one thread alone would wait for ever.
    std::atomic<int> there = 0;
    share_work(2, 2, 1, [&](std::size_t, std::size_t) {
        ++there;
        there.notify_all();
        for (int seen = there; seen < 2; seen = there) there.wait(seen);
    });
    EXPECT_EQ(there, 2);
}

TEST(Crew, OneThreadDoesAllByItself) {
    std::vector<std::size_t> ends;
    share_work(1, 1000, 1, [&](std::size_t begin, std::size_t end) {
        EXPECT_EQ(begin, 0U);
        ends.push_back(end);
    });
    EXPECT_EQ(ends, std::vector<std::size_t>{1000});
}

TEST(Crew, AnExceptionComesToWhoeverAsked) {
    for (int round = 0; round < 100; ++round) {
        const auto fails = [](std::size_t begin, std::size_t end) {
            if (begin <= 50 && 50 < end) throw std::runtime_error("number 50");
        };
        EXPECT_THROW(share_work(2, 100, 1, fails), std::runtime_error);
        std::atomic<std::size_t> done = 0;
        share_work(2, 100, 1, [&](std::size_t begin, std::size_t end) { done += end - begin; });
        EXPECT_EQ(done, 100U);
    }
}

TEST(Crew, ManyMayAskAtOnce) {
    std::vector<std::jthread> callers;
    std::atomic<std::size_t> done = 0;
    for (int caller = 0; caller < 4; ++caller)
        callers.emplace_back([&] {
            for (int round = 0; round < 500; ++round)
                share_work(2, 64, 4, [&](std::size_t begin, std::size_t end) { done += end - begin; });
        });
    callers.clear();
    EXPECT_EQ(done, 4U * 500 * 64);
}

}  // namespace
}  // namespace vignette::kernels_test
