#include "engine/slots.h"

#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <set>
#include <utility>
#include <vector>

namespace vignette {
namespace {

TEST(Slots, AreLentOnlyOnceAtATime) {
    SlotPool pool(4);
    const std::optional<SlotLease> one = pool.lend(3);
    ASSERT_TRUE(one.has_value());
    const std::optional<SlotLease> other = pool.lend(1);
    ASSERT_TRUE(other.has_value());
    std::set<SlotId> slots(one->slots().begin(), one->slots().end());
    slots.insert(other->slots().begin(), other->slots().end());
    EXPECT_EQ(slots, (std::set<SlotId>{SlotId{0}, SlotId{1}, SlotId{2}, SlotId{3}}));
    EXPECT_EQ(pool.free(), 0);
}

TEST(Slots, AreRefusedAsAWholeWhereTheyDoNotSuffice) {
    SlotPool pool(4);
    const std::optional<SlotLease> one = pool.lend(3);
    EXPECT_FALSE(pool.lend(2).has_value());
    EXPECT_EQ(pool.free(), 1);
}

TEST(Slots, ComeHomeWhenTheLeaseDies) {
    SlotPool pool(2);
    {
        const std::optional<SlotLease> lease = pool.lend(2);
    }
    EXPECT_EQ(pool.free(), 2);
    EXPECT_TRUE(pool.lend(2).has_value());
}

TEST(Slots, ComeHomeOnceWhenTheLeaseHasMoved) {
    SlotPool pool(2);
    std::optional<SlotLease> lease = pool.lend(2);
    {
        const SlotLease owner(std::move(*lease));
        lease.reset();
        EXPECT_EQ(pool.free(), 0);
        EXPECT_EQ(owner.slots().size(), 2U);
    }
    EXPECT_EQ(pool.free(), 2);
}

TEST(Slots, AreAllThereAfterAnyOrderOfLendingAndReturning) {
    std::mt19937 random(1);
    SlotPool pool(8);
    std::vector<SlotLease> lent;
    std::vector<SlotLease> kept;
    for (int i = 0; i < 2000; ++i) {
        const auto asked = static_cast<int>(random() % 4) + 1;
        if (std::optional<SlotLease> lease = pool.lend(asked)) lent.push_back(std::move(*lease));
        if (random() % 2 == 0 || lent.empty()) continue;
        const std::size_t gone = random() % lent.size();
        kept.clear();
        for (std::size_t k = 0; k < lent.size(); ++k) {
            if (k != gone) kept.push_back(std::move(lent[k]));
        }
        lent.clear();
        std::swap(lent, kept);
        std::set<SlotId> out;
        std::size_t count = 0;
        for (const SlotLease& lease : lent) {
            out.insert(lease.slots().begin(), lease.slots().end());
            count += lease.slots().size();
        }
        ASSERT_EQ(out.size(), count) << "a slot was lent twice";
        ASSERT_EQ(static_cast<int>(count) + pool.free(), 8);
    }
}

}  // namespace
}  // namespace vignette
