#include "core/memory/huge_pages.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <atomic>
#include <cstdint>
#include <thread>
#include <utility>

namespace vignette {
namespace {

TEST(HugePages, WholeOnesOfAnyBytes) {
    auto* const begin = reinterpret_cast<const std::byte*>(std::uintptr_t{16} * huge_page);
    const auto whole = [&](std::size_t first, std::size_t bytes) {
        const std::span<const std::byte> found = whole_huge_pages({begin + first, bytes});
        return std::pair(static_cast<std::size_t>(found.data() - begin), found.size());
    };
    EXPECT_EQ(whole(0, huge_page), std::pair(std::size_t{0}, huge_page));
    EXPECT_EQ(whole(1, 2 * huge_page), std::pair(huge_page, huge_page));
    EXPECT_EQ(whole(1, 3 * huge_page - 1), std::pair(huge_page, 2 * huge_page));
    EXPECT_EQ(whole_huge_pages({begin + 1, huge_page}).size(), 0U);
    EXPECT_EQ(whole_huge_pages({begin + 1, 2 * huge_page - 2}).size(), 0U);
    EXPECT_EQ(whole_huge_pages({}).size(), 0U);
}

class Mapped {
public:
    explicit Mapped(std::size_t pages) : bytes_(pages * huge_page), begin_(map_huge_pages(bytes_)) {
        for (std::size_t i = 0; i < bytes_; ++i) begin_[i] = std::byte(i * 7 / 5);
        mprotect(begin_, bytes_, PROT_READ);
    }
    ~Mapped() { munmap(begin_, bytes_); }
    Mapped(const Mapped&) = delete;
    Mapped& operator=(const Mapped&) = delete;

    std::span<const std::byte> bytes() const { return {begin_, bytes_}; }
    bool is_whole() const {
        for (std::size_t i = 0; i < bytes_; ++i)
            if (begin_[i] != std::byte(i * 7 / 5)) return false;
        return true;
    }

private:
    std::size_t bytes_;
    std::byte* begin_;
};

TEST(HugePages, AMoveChangesNothingForWhoReads) {
    const Mapped mapped(4);
    std::atomic<bool> ended = false;
    std::atomic<int> looks = 0;
    {
        const std::jthread reader([&] {
            while (!ended) {
                EXPECT_TRUE(mapped.is_whole());
                ++looks;
                looks.notify_all();
            }
        });
        looks.wait(0);
        for (int round = 0; round < 20; ++round) EXPECT_TRUE(move_to_huge_pages(mapped.bytes()));
        EXPECT_TRUE(move_to_huge_pages(mapped.bytes().subspan(huge_page, huge_page)));
        ended = true;
    }
    EXPECT_TRUE(mapped.is_whole());
    EXPECT_TRUE(move_to_huge_pages({}));
}

}  // namespace
}  // namespace vignette
