#include "queue/queue_metrics.h"

#include <gtest/gtest.h>

#include "queue/backoff.h"

namespace vignette {
namespace {

TEST(QueueMetrics, LagPendingAndAgeAreToldApart) {
    const std::string text = queue_metrics(QueueStats{
        .waiting = 7, .in_hand = 3, .oldest_waits = std::chrono::milliseconds(1'500), .dead = 2, .workers = 4
    });
    EXPECT_NE(text.find("\nvignette_queue_up 1\n"), std::string::npos);
    EXPECT_NE(text.find("\nvignette_queue_lag 7\n"), std::string::npos);
    EXPECT_NE(text.find("\nvignette_queue_pending 3\n"), std::string::npos);
    EXPECT_NE(text.find("\nvignette_queue_oldest_seconds 1.5"), std::string::npos);
    EXPECT_NE(text.find("\nvignette_queue_dead_total 2\n"), std::string::npos);
    EXPECT_NE(text.find("\nvignette_queue_workers 4\n"), std::string::npos);
}

TEST(QueueMetrics, WithoutRedisOnlyThatIsSaid) {
    const std::string text = queue_metrics(std::nullopt);
    EXPECT_NE(text.find("\nvignette_queue_up 0\n"), std::string::npos);
    EXPECT_EQ(text.find("vignette_queue_lag"), std::string::npos);
}

TEST(QueueBackoff, GrowsUpToFiveSecondsAndBeginsAnew) {
    Backoff backoff;
    EXPECT_TRUE(backoff.is_first());
    EXPECT_LE(backoff.next(), std::chrono::milliseconds(100));
    EXPECT_FALSE(backoff.is_first());
    for (int i = 0; i < 20; ++i) EXPECT_LE(backoff.next(), std::chrono::milliseconds(5'000));
    EXPECT_GE(backoff.next(), std::chrono::milliseconds(2'500));
    backoff.reset();
    EXPECT_LE(backoff.next(), std::chrono::milliseconds(100));
}

}  // namespace
}  // namespace vignette
