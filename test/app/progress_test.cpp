#include "app/progress.h"

#include <gtest/gtest.h>

namespace vignette {
namespace {

TEST(SizeText, IsRoundedInTheUnitThatFits) {
    EXPECT_EQ(size_text(0), "0 B");
    EXPECT_EQ(size_text(999), "999 B");
    EXPECT_EQ(size_text(1'499), "1 kB");
    EXPECT_EQ(size_text(999'499), "999 kB");
    EXPECT_EQ(size_text(999'500), "1.0 MB");
    EXPECT_EQ(size_text(7'489'600'000), "7.5 GB");
    EXPECT_EQ(size_text(999'949'999), "999.9 MB");
    EXPECT_EQ(size_text(999'950'000), "1.0 GB");
}

}  // namespace
}  // namespace vignette
