#include "core/memory/picture_memory.h"

#include <gtest/gtest.h>

#include <optional>
#include <thread>

namespace vignette {
namespace {

TEST(MemoryLoan, TheNextBufferOfThatSizeLiesInIt) {
    std::vector<std::uint8_t> memory(100 * KiB, 7);
    int freed = 0;
    {
        MemoryLoan loan(memory, [&] { ++freed; });
        const Samples other(99 * KiB);
        EXPECT_FALSE(loan.taken());
        const Samples samples(100 * KiB);
        EXPECT_TRUE(loan.taken());
        EXPECT_EQ(samples.data(), memory.data());
        EXPECT_EQ(samples.back(), 7) << "it was not cleared";
        const Samples second(100 * KiB);
        EXPECT_NE(second.data(), memory.data());
        EXPECT_EQ(freed, 0);
    }
    EXPECT_EQ(freed, 1);
}

TEST(MemoryLoan, ALoanThatNobodyTookIsOver) {
    std::vector<std::uint8_t> memory(100 * KiB);
    {
        MemoryLoan loan(memory, [] { ADD_FAILURE() << "nobody had it"; });
    }
    const Samples samples(100 * KiB);
    EXPECT_NE(samples.data(), memory.data());
}

TEST(MemoryLoan, AdoptedBytesAreGivenBackByWhoeverFreesThem) {
    for (const std::size_t size : {10UZ, 31 * KiB, 33 * KiB, 5 * MiB}) {
        std::vector<std::uint8_t> memory(size, 9);
        int freed = 0;
        std::optional<Samples> samples = adopt_memory(memory, [&] { ++freed; });
        EXPECT_EQ(samples->size(), size);
        EXPECT_EQ(samples->back(), 9);
        Samples moved = *std::move(samples);
        samples.reset();
        std::jthread([&] { Samples().swap(moved); }).join();
        EXPECT_EQ(freed, 1) << size;
    }
}

}  // namespace
}  // namespace vignette
