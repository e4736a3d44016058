#include "core/thread_pool.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <exception>
#include <filesystem>
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

// The limit is of a user's threads, and none of root's.
bool limit_threads() {
    constexpr uid_t nobody = 65534;
    if (geteuid() == 0 && setresuid(nobody, nobody, nobody) != 0) return false;
    rlimit limit{};
    getrlimit(RLIMIT_NPROC, &limit);
    for (rlim_t threads = 64; threads < 10'000; threads *= 2) {  // this user may have some elsewhere
        limit.rlim_cur = threads;
        if (setrlimit(RLIMIT_NPROC, &limit) != 0) return false;
        try {
            const ThreadPool one(1);
            return true;
        } catch (const std::exception&) {  // not even one: more, then
        }
    }
    return false;
}

[[noreturn]] void make_more_threads_than_there_may_be() {
    if (!limit_threads()) std::_Exit(3);
    std::atomic<int> done = 0;
    {
        ThreadPool pool(10'000);
        const std::filesystem::directory_iterator threads("/proc/self/task");
        if (std::distance(begin(threads), end(threads)) > 9'000) std::_Exit(2);  // there was room for all
        pool.add([&] { ++done; });
    }
    std::_Exit(done == 1 ? 0 : 1);
}

TEST(ThreadPoolDeathTest, AThreadThatCannotBeMadeIsDoneWithout) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(make_more_threads_than_there_may_be(), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace vignette
