#include <gtest/gtest.h>

#include "queue/redis.h"

namespace vignette {
namespace {

TEST(RedisRefusal, SaysWhatToDo) {
    const auto code = [](const char* text) { return redis_refusal(text).code; };
    EXPECT_EQ(code("OOM command not allowed when used memory > 'maxmemory'."), ErrorCode::overloaded);
    EXPECT_EQ(code("LOADING Redis is loading the dataset in memory"), ErrorCode::unreachable);
    EXPECT_EQ(code("READONLY You can't write against a read only replica."), ErrorCode::unreachable);
    EXPECT_EQ(code("MISCONF Redis is configured to save RDB snapshots"), ErrorCode::unreachable);
    EXPECT_EQ(code("NOAUTH Authentication required."), ErrorCode::unavailable);
    EXPECT_EQ(code("WRONGPASS invalid username-password pair"), ErrorCode::unavailable);
    EXPECT_EQ(code("NOPERM this user has no permissions"), ErrorCode::unavailable);
    EXPECT_EQ(code("MOVED 1234 127.0.0.1:7000"), ErrorCode::unavailable);
    EXPECT_EQ(code("ERR something new"), ErrorCode::internal);
    EXPECT_NE(redis_refusal("OOM x").message.find("maxmemory"), std::string::npos);
    EXPECT_NE(redis_refusal("WRONGPASS x").message.find("VIGNETTE_QUEUE"), std::string::npos);
}

TEST(RedisRefusal, AnUnknownOneIsCutShort) {
    EXPECT_LT(redis_refusal("ERR " + std::string(10'000, 'x')).message.size(), 300U);
}

}  // namespace
}  // namespace vignette
