#include "core/device/device_choice.h"

#include <gtest/gtest.h>

namespace vignette {
namespace {

TEST(DeviceChoice, IsAutoCpuAnyGpuOrOneOfThem) {
    EXPECT_TRUE(read_device("auto")->may_be_cpu && read_device("auto")->may_be_gpu);
    EXPECT_FALSE(read_device("cpu")->may_be_gpu);
    EXPECT_FALSE(read_device("cuda")->may_be_cpu);
    EXPECT_EQ(read_device("cuda")->gpu, std::nullopt);
    EXPECT_EQ(read_device("cuda:0")->gpu, 0);
    EXPECT_EQ(read_device("cuda:12")->gpu, 12);
    EXPECT_FALSE(read_device("cuda:12")->may_be_cpu);
}

TEST(DeviceChoice, NothingElse) {
    for (const char* wrong :
         {"", "gpu", "cuda:", "cuda:-1", "cuda:+1", "cuda:1x", "cuda: 1", "cuda:99999999999", "cuda:64",
          "CUDA"}) {
        const auto read = read_device(wrong);
        ASSERT_FALSE(read) << wrong;
        EXPECT_EQ(read.error().code, ErrorCode::usage);
        EXPECT_NE(
            read.error().message.find("`" + std::string(wrong) + "` is not a device"), std::string::npos
        );
    }
}

}  // namespace
}  // namespace vignette
