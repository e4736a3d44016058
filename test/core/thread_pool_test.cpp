#include "core/thread_pool.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <latch>

namespace vignette {
namespace {

TEST(ThreadPool, WhatWasAddedIsDoneBeforeTheEnd) {
    std::atomic<int> done = 0;
    {
        ThreadPool pool(3);
        for (int i = 0; i < 1000; ++i) pool.add([&] { ++done; });
    }
    EXPECT_EQ(done, 1000);
}

TEST(ThreadPool, AsManyTasksRunAtOnceAsThereAreThreads) {
    std::latch all_there(4);
    ThreadPool pool(4);
    for (int i = 0; i < 4; ++i) pool.add([&] { all_there.arrive_and_wait(); });  // ends only together
    all_there.wait();
}

TEST(ThreadPool, OneThreadKeepsTheOrder) {
    std::vector<int> order;
    {
        ThreadPool pool(1);
        for (int i = 0; i < 100; ++i) pool.add([&order, i] { order.push_back(i); });
    }
    for (int i = 0; i < 100; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

// With room for some stacks, not for 10,000.
[[noreturn]] void make_more_threads_than_there_is_room_for() {
    std::ifstream statm("/proc/self/statm");
    rlim_t pages = 0;
    statm >> pages;
    constexpr rlim_t room = 200 << 20;
    const rlim_t size = pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE)) + room;
    const rlimit limit{.rlim_cur = size, .rlim_max = size};
    setrlimit(RLIMIT_AS, &limit);
    std::atomic<int> done = 0;
    {
        ThreadPool pool(10'000);
        const std::filesystem::directory_iterator threads("/proc/self/task");
        if (std::distance(begin(threads), end(threads)) > 1'000) std::_Exit(2);  // there was room for all
        pool.add([&] { ++done; });
    }
    std::_Exit(done == 1 ? 0 : 1);
}

TEST(ThreadPoolDeathTest, AThreadThatCannotBeMadeIsDoneWithout) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(make_more_threads_than_there_is_room_for(), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace vignette
