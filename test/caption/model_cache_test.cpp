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

struct ModelCacheTest : ::testing::Test {
    ModelCache::Open opener() {
        return [this](const std::filesystem::path& bundle) -> Result<std::shared_ptr<OpenedModel>> {
            ++opened;
            if (bundle == "broken") return fail(ErrorCode::bundle_invalid, "broken");
            if (bundle == "slow") gate.wait();
            if (bundle == "large" && alive > 0) return fail(ErrorCode::out_of_memory, "large finds no room");
            return std::make_shared<Counted>(alive);
        };
    }
    std::atomic<int> alive = 0;
    std::atomic<int> opened = 0;
    std::latch gate{1};
};

// Its end waits until another model could be acquired.
class SlowToFree final : public OpenedModel {
public:
    SlowToFree(std::latch& begun, std::latch& may_end) : begun_(begun), may_end_(may_end) {}
    ~SlowToFree() override {
        begun_.count_down();
        may_end_.wait();
    }

private:
    std::latch& begun_;
    std::latch& may_end_;
};

TEST(ModelCache, FreeingAnEvictedModelKeepsNobodyFromAnother) {
    std::latch begun(1);
    std::latch acquired(1);
    ModelCache cache(
        [&](const std::filesystem::path& bundle) -> Result<std::shared_ptr<OpenedModel>> {
            if (bundle == "evicted") return std::make_shared<SlowToFree>(begun, acquired);
            return std::make_shared<OpenedModel>();
        },
        {.models_max = 2}
    );
    ASSERT_TRUE(cache.acquire("evicted").has_value());
    const auto used = cache.acquire("used").value();
    auto newcomer = std::async(std::launch::async, [&] { return cache.acquire("new").has_value(); });
    begun.wait();
    EXPECT_EQ(cache.acquire("used").value(), used);
    acquired.count_down();
    EXPECT_TRUE(newcomer.get());
}

TEST_F(ModelCacheTest, AModelIsLoadedByTheFirstWhoAsksAndSharedByAll) {
    ModelCache cache(opener(), {});
    EXPECT_EQ(opened, 0);
    const auto first = cache.acquire("a");
    const auto second = cache.acquire("a");
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->get(), second->get());
    EXPECT_EQ(opened, 1);
}

TEST_F(ModelCacheTest, WhoAsksWhileItLoadsWaitsForTheSameAndOthersDoNotWait) {
    ModelCache cache(opener(), {});
    const auto ask = [&] { return cache.acquire("slow").value().get(); };
    auto first = std::async(std::launch::async, ask);
    auto second = std::async(std::launch::async, ask);
    EXPECT_TRUE(cache.acquire("a").has_value());  // returns although "slow" is still loading
    gate.count_down();
    EXPECT_EQ(first.get(), second.get());
    EXPECT_EQ(opened, 2);
}

TEST_F(ModelCacheTest, AModelThatFailsToLoadIsTriedAgainNextTime) {
    ModelCache cache(opener(), {});
    for (int i = 1; i <= 2; ++i) {
        const auto broken = cache.acquire("broken");
        ASSERT_FALSE(broken.has_value());
        EXPECT_EQ(broken.error().code, ErrorCode::bundle_invalid);
        EXPECT_EQ(opened, i);
    }
    EXPECT_EQ(cache.loaded(), 0);
}

TEST_F(ModelCacheTest, TheOneUnusedLongestMakesRoomAndOneInUseNever) {
    ModelCache cache(opener(), {.models_max = 2});
    auto held = cache.acquire("a").value();
    ASSERT_TRUE(cache.acquire("b").has_value());
    ASSERT_TRUE(cache.acquire("c").has_value());  // b goes, a is in use although it is older
    EXPECT_EQ(alive, 2);
    EXPECT_EQ(cache.acquire("a").value(), held);
    EXPECT_EQ(opened, 3);
    const auto busy = cache.acquire("c").value();
    const auto none = cache.acquire("d");
    ASSERT_FALSE(none.has_value());
    EXPECT_EQ(none.error().code, ErrorCode::overloaded);
    held.reset();
    EXPECT_TRUE(cache.acquire("d").has_value());
}

TEST_F(ModelCacheTest, WhereMemoryIsShortTheUnusedMakeRoomOneByOne) {
    ModelCache cache(opener(), {.models_max = 4});
    ASSERT_TRUE(cache.acquire("a").has_value());
    ASSERT_TRUE(cache.acquire("b").has_value());
    EXPECT_TRUE(cache.acquire("large").has_value());
    EXPECT_EQ(opened, 5) << "a and b, and large beside both, one, none";
    EXPECT_EQ(cache.loaded(), 1);
}

TEST_F(ModelCacheTest, WhereTheOthersAreAtWorkItSaysSo) {
    ModelCache cache(opener(), {.models_max = 4});
    auto used = cache.acquire("a").value();
    const auto none = cache.acquire("large");
    ASSERT_FALSE(none.has_value());
    EXPECT_EQ(none.error().code, ErrorCode::out_of_memory);
    EXPECT_NE(none.error().message.find("large finds no room; the other models"), std::string::npos);
    EXPECT_EQ(cache.loaded(), 1);
    used.reset();
    EXPECT_TRUE(cache.acquire("large").has_value());
}

TEST_F(ModelCacheTest, WhatIsTooLargeEvenAloneSaysNothingOfOthers) {
    ModelCache cache(
        [](const std::filesystem::path&) -> Result<std::shared_ptr<OpenedModel>> {
            return fail(ErrorCode::out_of_memory, "no room");
        },
        {}
    );
    EXPECT_EQ(cache.acquire("a").error().message, "no room");
}

TEST_F(ModelCacheTest, WhatIsIdleForLongEnoughIsLetGoAndLoadedAgain) {
    ModelCache cache(opener(), {.models_max = 2, .idle = 3600s});
    const auto start = ModelCache::Clock::now();
    auto used = cache.acquire("a").value();
    ASSERT_TRUE(cache.acquire("b").has_value());
    cache.drop_idle(start + 3599s);
    EXPECT_EQ(cache.loaded(), 2);
    cache.drop_idle(start + 3700s);
    EXPECT_EQ(cache.loaded(), 1) << "a is in use";
    used.reset();
    cache.drop_idle(start + 3800s);
    EXPECT_EQ(cache.loaded(), 1) << "a was in use a moment ago";
    cache.drop_idle(start + 7400s);
    EXPECT_EQ(cache.loaded(), 0);
    EXPECT_EQ(alive, 0);
    EXPECT_TRUE(cache.acquire("a").has_value());
    EXPECT_EQ(opened, 3);
}

}  // namespace
}  // namespace vignette
