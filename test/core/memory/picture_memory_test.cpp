#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

#include "vignette/bytes.h"

namespace vignette {
namespace {

TEST(PictureMemory, HoldsWhatIsWrittenWhateverItsSize) {
    for (const std::size_t bytes :
         {picture_memory_min, huge_picture_min, 6 * MiB - 64, 6 * MiB, 36'000'000UZ, 200 * MiB}) {
        void* memory = allocate_picture_memory(bytes);
        ASSERT_NE(memory, nullptr);
        const std::size_t aligned = bytes < huge_picture_min ? 16 : 64;
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory) % aligned, 0U);
        std::memset(memory, 7, bytes);
        EXPECT_EQ(static_cast<const unsigned char*>(memory)[bytes - 1], 7);
        free_picture_memory(memory, bytes);
    }
}

TEST(PictureMemory, TwoPicturesAtOnceAreApart) {
    const Samples first(huge_picture_min, 1);
    free_picture_memory(
        allocate_picture_memory(huge_picture_min), huge_picture_min
    );  // something to find on the shelf
    const Samples second(huge_picture_min, 2);
    const Samples third(huge_picture_min, 3);
    EXPECT_TRUE(first == Samples(huge_picture_min, 1));
    EXPECT_TRUE(second == Samples(huge_picture_min, 2));
    EXPECT_TRUE(third == Samples(huge_picture_min, 3));
}

#ifndef VIGNETTE_SANITIZED  // whose heaps are not the C library's
// Among small blocks pictures of many sizes left holes: 20,000 of them made a worker 200 MiB larger.
TEST(PictureMemory, LargePicturesLieOutsideTheHeap) {
    const auto heap = [] {
        const struct mallinfo2 now = mallinfo2();
        return now.arena + now.hblkhd;
    };
    const std::size_t before = heap();
    const Samples one(9 * MiB, 1);
    const Samples other(64 * MiB, 2);
    EXPECT_LT(heap(), before + MiB);
}
#endif

TEST(PictureMemory, MoreThanThereIsThrows) {
    EXPECT_THROW(
        free_picture_memory(allocate_picture_memory(SIZE_MAX - MiB), SIZE_MAX - MiB), std::bad_alloc
    );
}

TEST(PictureMemory, ServesManyThreads) {
    std::vector<std::jthread> threads;
    for (std::uint8_t number = 0; number < 4; ++number) {
        threads.emplace_back([number] {
            for (std::size_t turn = 0; turn < 3; ++turn) {
                const Samples mine((4 + turn % 5) * MiB, number);
                EXPECT_EQ(mine.front(), number);
                EXPECT_EQ(mine.back(), number);
            }
        });
    }
}

}  // namespace
}  // namespace vignette
