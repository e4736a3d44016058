#include "core/thread_pool.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
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

TEST(ThreadPoolDeathTest, AThreadThatCannotBeMadeIsDoneWithout) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(
        {
            std::ifstream statm("/proc/self/statm");
            rlim_t pages = 0;
            statm >> pages;
            const rlim_t room = 200 << 20;  // for some stacks, not for 10,000
            const rlim_t size = pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE)) + room;
            const rlimit limit{.rlim_cur = size, .rlim_max = size};
            setrlimit(RLIMIT_AS, &limit);
            {
                ThreadPool pool(10'000);
                pool.add([] {});
            }
            std::_Exit(0);
        },
        ::testing::ExitedWithCode(0), "only .* of 10000 threads"
    );
}

}  // namespace
}  // namespace vignette
