#include "core/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
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

}  // namespace
}  // namespace vignette
