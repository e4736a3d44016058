#include "caption/model_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <latch>
#include <memory>
#include <string>
#include <vector>

namespace vignette {
namespace {

using namespace std::chrono_literals;

class Counted final : public OpenedModel {
public:
    explicit Counted(std::atomic<int>& alive) : alive_(alive) { ++alive_; }
    ~Counted() override { --alive_; }

private:
    std::atomic<int>& alive_;
};

struct ShelfTest : ::testing::Test {
    Shelf::Open opener() {
        return [this](const std::filesystem::path& bundle) -> Result<std::shared_ptr<OpenedModel>> {
            ++opened;
            if (bundle == "broken") return fail(ErrorCode::bundle_invalid, "broken");
            if (bundle == "slow") gate.wait();
            return std::make_shared<Counted>(alive);
        };
    }
    std::atomic<int> alive = 0;
    std::atomic<int> opened = 0;
    std::latch gate{1};
};

TEST_F(ShelfTest, AModelIsLoadedByTheFirstWhoAsksAndSharedByAll) {
    Shelf shelf(opener(), {});
    EXPECT_EQ(opened, 0);
    const auto first = shelf.take("a");
    const auto second = shelf.take("a");
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->get(), second->get());
    EXPECT_EQ(opened, 1);
}

TEST_F(ShelfTest, WhoAsksWhileItLoadsWaitsForTheSameAndOthersDoNotWait) {
    Shelf shelf(opener(), {});
    const auto ask = [&] { return shelf.take("slow").value().get(); };
    auto first = std::async(std::launch::async, ask);
    auto second = std::async(std::launch::async, ask);
    EXPECT_TRUE(shelf.take("a").has_value());  // returns although "slow" is still loading
    gate.count_down();
    EXPECT_EQ(first.get(), second.get());
    EXPECT_EQ(opened, 2);
}

TEST_F(ShelfTest, AModelThatFailsToLoadIsTriedAgainNextTime) {
    Shelf shelf(opener(), {});
    for (int i = 1; i <= 2; ++i) {
        const auto broken = shelf.take("broken");
        ASSERT_FALSE(broken.has_value());
        EXPECT_EQ(broken.error().code, ErrorCode::bundle_invalid);
        EXPECT_EQ(opened, i);
    }
    EXPECT_EQ(shelf.loaded(), 0);
}

TEST_F(ShelfTest, TheOneUnusedLongestMakesRoomAndOneInUseNever) {
    Shelf shelf(opener(), {.models_max = 2});
    auto held = shelf.take("a").value();
    ASSERT_TRUE(shelf.take("b").has_value());
    ASSERT_TRUE(shelf.take("c").has_value());  // b goes, a is in use although it is older
    EXPECT_EQ(alive, 2);
    EXPECT_EQ(shelf.take("a").value(), held);
    EXPECT_EQ(opened, 3);
    const auto busy = shelf.take("c").value();
    const auto none = shelf.take("d");
    ASSERT_FALSE(none.has_value());
    EXPECT_EQ(none.error().code, ErrorCode::overloaded);
    held.reset();
    EXPECT_TRUE(shelf.take("d").has_value());
}

TEST_F(ShelfTest, WhatIsIdleForLongEnoughIsLetGoAndLoadedAgain) {
    Shelf shelf(opener(), {.models_max = 2, .idle = 3600s});
    const auto start = Shelf::Clock::now();
    auto used = shelf.take("a").value();
    ASSERT_TRUE(shelf.take("b").has_value());
    shelf.drop_idle(start + 3599s);
    EXPECT_EQ(shelf.loaded(), 2);
    shelf.drop_idle(start + 3700s);
    EXPECT_EQ(shelf.loaded(), 1) << "a is in use";
    used.reset();
    shelf.drop_idle(start + 3800s);
    EXPECT_EQ(shelf.loaded(), 1) << "a was in use a moment ago";
    shelf.drop_idle(start + 7400s);
    EXPECT_EQ(shelf.loaded(), 0);
    EXPECT_EQ(alive, 0);
    EXPECT_TRUE(shelf.take("a").has_value());
    EXPECT_EQ(opened, 3);
}

}  // namespace
}  // namespace vignette
