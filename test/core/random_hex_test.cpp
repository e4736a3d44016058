#include "core/random_hex.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "core/hex.h"

namespace vignette {
namespace {

TEST(RandomHex, IsAsLongAsItIsToldAndNeverTheSame) {
    std::set<std::string> seen;
    for (int i = 0; i < 10'000; ++i) EXPECT_TRUE(seen.insert(random_hex(16)).second);
    for (const std::string& name : seen) {
        ASSERT_EQ(name.size(), 32U);
        ASSERT_TRUE(from_hex(name));
    }
    EXPECT_EQ(random_hex(8).size(), 16U);
}

TEST(RandomHex, DiffersBetweenThreads) {
    std::vector<std::string> names(8);
    {
        std::vector<std::jthread> threads;
        for (std::string& name : names) threads.emplace_back([&name] { name = random_hex(16); });
    }
    EXPECT_EQ(std::set(names.begin(), names.end()).size(), names.size());
}

}  // namespace
}  // namespace vignette
