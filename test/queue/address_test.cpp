#include "queue/address.h"

#include <gtest/gtest.h>

namespace vignette {
namespace {

TEST(QueueAddress, AllPartsAreRead) {
    const Result<QueueAddress> address =
        read_queue_address("redis://me:p%40ss%3A@queue.example:6380/3?prefix=photos:");
    ASSERT_TRUE(address);
    EXPECT_EQ(address->host, "queue.example");
    EXPECT_EQ(address->port, 6380);
    EXPECT_EQ(address->database, 3);
    EXPECT_EQ(address->user, "me");
    EXPECT_EQ(address->password, "p@ss:");
    EXPECT_EQ(address->prefix, "photos:");
}

TEST(QueueAddress, WhatIsLeftOutHasADefault) {
    const Result<QueueAddress> address = read_queue_address("redis://[::1]");
    ASSERT_TRUE(address);
    EXPECT_EQ(address->host, "::1");
    EXPECT_EQ(address->port, 6379);
    EXPECT_EQ(address->database, 0);
    EXPECT_TRUE(address->user.empty() && address->password.empty());
    EXPECT_EQ(address->prefix, "vignette:");
}

TEST(QueueAddress, APasswordIsNeverShown) {
    const Result<QueueAddress> address = read_queue_address("redis://:hunter2@host:1/0");
    ASSERT_TRUE(address);
    EXPECT_EQ(address->shown(), "host:1/0 (vignette:)");
    for (const char* broken :
         {"http://:hunter2@host", "redis://:hunter2@", "redis://:hunter2@host:0", "redis://:hunter2@host/x",
          "redis://:hunter2%@host", "redis://:hunter2@[::1", "redis://:hunter2@host?db=1",
          "redis://:hunter2@host?prefix=a b", "redis://:hunter2@host:6379:1", "rediss://:hunter2@host"}) {
        const Result<QueueAddress> refused = read_queue_address(broken);
        ASSERT_FALSE(refused) << broken;
        EXPECT_EQ(refused.error().code, ErrorCode::usage);
        EXPECT_EQ(refused.error().message.find("hunter2"), std::string::npos) << broken;
    }
}

}  // namespace
}  // namespace vignette
