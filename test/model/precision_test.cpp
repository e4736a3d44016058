#include "model/precision.h"

#include <gtest/gtest.h>

namespace vignette {
namespace {

BundleInfo on_cpu(std::optional<Precision> wanted) {
    BundleInfo info{.name = "demo", .dtype = Dtype::bfloat16};
    EXPECT_TRUE(apply_precision(info, wanted, "cpu"));
    return info;
}

TEST(PrecisionOnCpu, WithoutOneTheWeightsAreAsTheBundleSays) {
    EXPECT_EQ(on_cpu({}).dtype, Dtype::float32);
    EXPECT_EQ(on_cpu({}).weights, Dtype::bfloat16);
}

TEST(PrecisionOnCpu, OnlyWeightsAreNarrow) {
    for (const auto& [wanted, weights] :
         {std::pair{Precision::fp32, Dtype::float32},
          {Precision::fp16, Dtype::float16},
          {Precision::bf16, Dtype::bfloat16},
          {Precision::int8, Dtype::int8}}) {
        EXPECT_EQ(on_cpu(wanted).dtype, Dtype::float32);
        EXPECT_EQ(on_cpu(wanted).weights, weights);
    }
}

TEST(PrecisionOnCpu, WhatItCannotDoIsRefusedWithWhatItCan) {
    BundleInfo info{.name = "demo"};
    const Result<void> refused = apply_precision(info, Precision::fp8, "cpu");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::usage);
    EXPECT_EQ(
        refused.error().message, "the precision fp8 does not run on a CPU; use 8bit, fp16, bf16 or fp32"
    );
}

}  // namespace
}  // namespace vignette
