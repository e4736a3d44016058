#include "model/transfer/weights_move.h"

#include <ATen/ops/fill.h>
#include <ATen/ops/item.h>
#include <ATen/ops/sum.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstdint>
#include <string>

#include "core/file_descriptor.h"
#include "core/memory/huge_pages.h"
#include "fakes/mapping_of.h"
#include "fakes/scratch_folder.h"
#include "model/transfer/weights_memory.h"

namespace vignette {
namespace {

// A file of numbers, mapped as weights are.
class WeightsMoveTest : public testing::Test {
protected:
    static constexpr std::size_t bytes = 7 * huge_page;

    WeightsMoveTest() : content_(bytes, '\0') {
        for (std::size_t i = 0; i < bytes; ++i) content_[i] = static_cast<char>(i % 251);
        folder_.write("weights", content_);
        const FileDescriptor file(open((folder_.path() / "weights").c_str(), O_RDONLY | O_CLOEXEC));
        void* mapped = mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, file.get(), 0);
        EXPECT_NE(mapped, MAP_FAILED);
        file_ = {static_cast<const std::byte*>(mapped), [](const std::byte* begin) {
                     munmap(const_cast<std::byte*>(begin), bytes);
                 }};
    }

    MappedTensor tensor(std::size_t begin, std::size_t end) const {
        return {.bytes = {file_.get() + begin, end - begin}, .file = file_};
    }
    std::size_t first_whole() const {
        return static_cast<std::size_t>(whole_huge_pages({file_.get(), bytes}).data() - file_.get());
    }
    bool in_file(std::size_t place) const {
        return mapping_of(file_.get() + place).contains(folder_.path().string());
    }
    bool is_unchanged() const {
        return std::string_view(reinterpret_cast<const char*>(file_.get()), bytes) == content_;
    }

    ScratchFolder folder_;
    std::string content_;
    std::shared_ptr<const std::byte> file_;
};

TEST_F(WeightsMoveTest, AllThatFillsHugePagesMoves) {
    const std::size_t moved = move_weights({tensor(0, bytes)}, {});
    EXPECT_GE(moved, bytes - 2 * huge_page);
    EXPECT_FALSE(in_file(first_whole()));
    EXPECT_FALSE(in_file(first_whole() + moved - 1));
    EXPECT_TRUE(is_unchanged());
}

TEST_F(WeightsMoveTest, TensorsInOneHugePageMoveTogetherWithWhatIsBetweenThem) {
    const std::size_t middle = first_whole() + huge_page / 2;
    const std::size_t moved =
        move_weights({tensor(middle + 1000, middle + 2 * huge_page), tensor(0, middle)}, {});
    EXPECT_GE(moved, 2 * huge_page);
    EXPECT_FALSE(in_file(middle + 500));
    EXPECT_TRUE(is_unchanged());
}

TEST_F(WeightsMoveTest, WhatIsFarFromThemStaysInItsFile) {
    const std::size_t begin = first_whole();
    const std::size_t moved = move_weights(
        {tensor(begin, begin + huge_page), tensor(begin + 3 * huge_page, begin + 4 * huge_page)}, {}
    );
    EXPECT_EQ(moved, 2 * huge_page);
    EXPECT_FALSE(in_file(begin));
    EXPECT_TRUE(in_file(begin + huge_page));
    EXPECT_TRUE(in_file(begin + 2 * huge_page));
    EXPECT_FALSE(in_file(begin + 3 * huge_page));
    EXPECT_TRUE(is_unchanged());
}

TEST_F(WeightsMoveTest, SmallOnesStay) {
    const std::size_t begin = first_whole() + 1;
    EXPECT_EQ(move_weights({tensor(begin, begin + huge_page)}, {}), 0U);
    EXPECT_TRUE(in_file(begin));
}

TEST_F(WeightsMoveTest, StopsWhenAsked) {
    std::stop_source stop;
    stop.request_stop();
    EXPECT_EQ(move_weights({tensor(0, bytes)}, stop.get_token()), 0U);
    EXPECT_TRUE(in_file(first_whole()));
}

TEST_F(WeightsMoveTest, KeepsTheFileMappedAndEndsWithTheModel) {
    {
        const WeightsMove move({tensor(0, bytes)});
    }
    EXPECT_TRUE(is_unchanged());
    EXPECT_EQ(file_.use_count(), 1);
}

TEST(WeightsMemory, TensorsAreSideBySideAndLiveOnWithoutIt) {
    at::Tensor first;
    at::Tensor second;
    at::Tensor large;
    {
        WeightsMemory memory;
        first = memory.make({3, 5}, at::kChar);
        second = memory.make({7}, at::kFloat);
        large = memory.make({std::int64_t{65} << 20}, at::kChar);
    }
    const auto* begin = static_cast<const std::byte*>(first.const_data_ptr());
    EXPECT_EQ(static_cast<const std::byte*>(second.const_data_ptr()) - begin, 64);
    for (at::Tensor* one : {&first, &second, &large}) {
        one->fill_(1);
        EXPECT_TRUE(one->is_contiguous());
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(one->const_data_ptr()) % 64, 0U);
    }
    EXPECT_EQ(first.sum().item().toInt(), 15);
    EXPECT_EQ(large.numel(), std::int64_t{65} << 20);
}

}  // namespace
}  // namespace vignette
