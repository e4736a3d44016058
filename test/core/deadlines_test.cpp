#include "core/deadlines.h"

#include <gtest/gtest.h>

#include <latch>
#include <memory>
#include <vector>

namespace vignette {
namespace {

using namespace std::chrono_literals;
using Clock = Deadlines::Clock;

TEST(Deadlines, WhatIsDueFirstIsDoneFirst) {
    Deadlines deadlines;
    std::vector<int> order;
    std::latch done(3);
    const Clock::time_point now = Clock::now();
    const auto note = [&](int number) {
        return [&, number] {
            order.push_back(number);
            done.count_down();
        };
    };
    deadlines.at(now + 3ms, note(3));
    deadlines.at(now + 2ms, note(2));
    deadlines.at(now + 2ms, note(20));
    done.wait();
    EXPECT_EQ(order, (std::vector{2, 20, 3}));
}

TEST(Deadlines, WhatIsOverdueIsDoneAtOnce) {
    Deadlines deadlines;
    std::latch done(1);
    deadlines.at(Clock::now() - 1h, [&] { done.count_down(); });
    done.wait();
}

TEST(Deadlines, ASoonerOneWakesTheThread) {
    Deadlines deadlines;
    std::latch done(1);
    deadlines.after(1h, [] { FAIL(); });
    deadlines.after(0ms, [&] { done.count_down(); });
    done.wait();
}

TEST(Deadlines, WhatIsForgottenIsNeverDoneAndHeldNoLonger) {
    Deadlines deadlines;
    const auto held = std::make_shared<int>();
    const Deadlines::Ticket ticket = deadlines.after(1h, [held] { FAIL(); });
    EXPECT_EQ(held.use_count(), 2);
    deadlines.forget(ticket);
    EXPECT_EQ(held.use_count(), 1);
    deadlines.forget(ticket);
    deadlines.forget({});
}

TEST(Deadlines, WhatIsDueMayAskForMoreAndForget) {
    Deadlines deadlines;
    std::latch done(2);
    const Deadlines::Ticket other = deadlines.after(1h, [] { FAIL(); });
    deadlines.after(0ms, [&] {
        deadlines.forget(other);
        deadlines.after(0ms, [&] { done.count_down(); });
        done.count_down();
    });
    done.wait();
}

// Whatever it holds may want to forget something when it is destroyed.
TEST(Deadlines, WhatWasDoneIsDestroyedWithoutTheLock) {
    Deadlines deadlines;
    std::latch destroyed(1);
    const Deadlines::Ticket other = deadlines.after(1h, [] { FAIL(); });
    struct Forgets {
        Deadlines& deadlines;
        Deadlines::Ticket ticket;
        std::latch& destroyed;
        ~Forgets() {
            deadlines.forget(ticket);
            destroyed.count_down();
        }
    };
    auto forgets = std::make_shared<Forgets>(deadlines, other, destroyed);
    deadlines.after(0ms, [held = std::move(forgets)] {});
    destroyed.wait();
}

TEST(Deadlines, StoppingDropsWhatWaits) {
    Deadlines deadlines;
    const auto held = std::make_shared<int>();
    deadlines.after(1h, [held] { FAIL(); });
    deadlines.stop();
    EXPECT_EQ(held.use_count(), 1);
    deadlines.after(0ms, [held] { FAIL(); });
    deadlines.stop();
    EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace vignette
