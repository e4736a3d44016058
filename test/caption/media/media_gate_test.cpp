#include "caption/media/media_gate.h"

#include <gtest/gtest.h>

#include <latch>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace vignette {
namespace {

// A thread that wants in, tells when it is, and stays until it is let go.
class Guest {
public:
    Guest(MediaGate& gate, const JobId& job, std::size_t bytes)
        : thread_([this, &gate, job, bytes](const std::stop_token& stop) {
              auto pass = gate.enter(job, bytes, stop);
              if (!pass) code_ = pass.error().code;
              came_.count_down();
              if (pass) leave_.wait();
          }) {}
    ~Guest() { leave(); }
    Guest(const Guest&) = delete;
    Guest& operator=(const Guest&) = delete;

    bool is_in() const { return came_.try_wait(); }
    void wait() const { came_.wait(); }
    void stop() { thread_.request_stop(); }
    void leave() {
        if (!left_) leave_.count_down();
        left_ = true;
    }
    std::optional<ErrorCode> code() const { return code_; }

private:
    std::latch came_{1};
    std::latch leave_{1};
    bool left_ = false;
    std::optional<ErrorCode> code_;
    std::jthread thread_;  // last member: joined before the others die
};

TEST(MediaGate, WhoeverLeavesLetsTheNextIn) {
    MediaGate gate(1, 100);
    Guest first(gate, {"a"}, 1);
    first.wait();
    Guest second(gate, {"b"}, 1);
    EXPECT_FALSE(second.is_in());
    first.leave();
    second.wait();
    EXPECT_TRUE(second.is_in());
}

TEST(MediaGate, WhatIsNotNeededIsGivenBackOnce) {
    MediaGate gate(8, 100);
    {
        MediaGate::Pass large = gate.enter({"a"}, 80, {}).value();
        large.shrink(30);
        large.shrink(50);  // it has no more to give
        const MediaGate::Pass second = gate.enter({"b"}, 70, {}).value();
    }
    EXPECT_TRUE(gate.enter({"c"}, 100, {}));
}

TEST(MediaGate, MemoryIsBoundedAndWhatAsksForMoreThanThereIsComesInAlone) {
    MediaGate gate(8, 100);
    Guest large(gate, {"a"}, 80);
    large.wait();
    Guest huge(gate, {"b"}, 1000);
    EXPECT_FALSE(huge.is_in());
    large.leave();
    huge.wait();
    Guest small(gate, {"c"}, 1);
    EXPECT_FALSE(small.is_in());
    huge.leave();
    small.wait();
}

TEST(MediaGate, AStopEndsTheWaitAndUnblocksThoseBehind) {
    MediaGate gate(8, 100);
    Guest inside(gate, {"a"}, 60);
    inside.wait();
    Guest blocking(gate, {"b"}, 60);
    blocking.stop();
    blocking.wait();
    EXPECT_EQ(blocking.code(), ErrorCode::cancelled);
    Guest fits(gate, {"c"}, 40);
    fits.wait();
    EXPECT_FALSE(fits.code());
}

TEST(MediaGate, APassThatIsMovedLeavesOnce) {
    MediaGate gate(1, 100);
    {
        auto first = gate.enter({"a"}, 100, {});
        ASSERT_TRUE(first);
        MediaGate::Pass moved = std::move(*first);
        moved = {};  // leaves here
        EXPECT_TRUE(gate.enter({"b"}, 100, {}));
    }
    EXPECT_TRUE(gate.enter({"c"}, 100, {}));
}

}  // namespace
}  // namespace vignette
