#include "net/fetch/fetch_slots.h"

#include <gtest/gtest.h>

#include <future>
#include <optional>

namespace vignette {
namespace {

using Clock = FetchSlots::Clock;
using Slot = FetchSlots::Slot;

constexpr Clock::time_point no_deadline = Clock::time_point::max();

// A slot that must be available at once.
std::optional<Slot> take_now(FetchSlots& slots, const std::string& job, const std::string& host) {
    Result<Slot> slot = slots.acquire(job, host, Clock::now(), {});
    if (!slot) {
        EXPECT_EQ(slot.error().code, ErrorCode::too_slow);
        return std::nullopt;
    }
    return std::optional<Slot>(std::move(*slot));
}

TEST(FetchSlots, EachLimitHolds) {
    FetchSlots slots({.fetches_max = 3, .of_a_job_max = 2, .of_a_host_max = 2});
    const std::optional<Slot> one = take_now(slots, "job", "host");
    const std::optional<Slot> two = take_now(slots, "job", "other");
    EXPECT_TRUE(one && two);
    EXPECT_FALSE(take_now(slots, "job", "third"));
    const std::optional<Slot> three = take_now(slots, "second", "host");
    EXPECT_TRUE(three);
    EXPECT_FALSE(take_now(slots, "third", "new"));
}

TEST(FetchSlots, AHostIsCountedAcrossJobsAndFetchesWithoutAJobCountForNone) {
    FetchSlots slots({.fetches_max = 9, .of_a_job_max = 1, .of_a_host_max = 2});
    const std::optional<Slot> one = take_now(slots, "", "host");
    const std::optional<Slot> two = take_now(slots, "", "host");
    EXPECT_TRUE(one && two);
    EXPECT_FALSE(take_now(slots, "job", "host"));
    EXPECT_TRUE(take_now(slots, "job", "other"));
}

TEST(FetchSlots, WhatIsGivenBackGoesToAWaitingFetch) {
    FetchSlots slots({.fetches_max = 1, .of_a_job_max = 1, .of_a_host_max = 1});
    std::optional<Slot> one = take_now(slots, "a", "host");
    std::future<bool> waiting = std::async(std::launch::async, [&] {
        return slots.acquire("b", "host", no_deadline, {}).has_value();
    });
    one.reset();
    EXPECT_TRUE(waiting.get());
    EXPECT_TRUE(take_now(slots, "c", "host"));
}

TEST(FetchSlots, WaitingForABusyHostHoldsUpNobodyElse) {
    FetchSlots slots({.fetches_max = 9, .of_a_job_max = 9, .of_a_host_max = 1});
    std::optional<Slot> busy = take_now(slots, "a", "busy");
    std::future<bool> waiting = std::async(std::launch::async, [&] {
        return slots.acquire("a", "busy", no_deadline, {}).has_value();
    });
    EXPECT_TRUE(take_now(slots, "a", "free"));
    busy.reset();
    EXPECT_TRUE(waiting.get());
}

TEST(FetchSlots, WaitingEndsWithAStop) {
    FetchSlots slots({.fetches_max = 1, .of_a_job_max = 1, .of_a_host_max = 1});
    const std::optional<Slot> one = take_now(slots, "a", "host");
    std::stop_source stop;
    std::future<ErrorCode> waiting = std::async(std::launch::async, [&] {
        return slots.acquire("b", "host", no_deadline, stop.get_token()).error().code;
    });
    stop.request_stop();
    EXPECT_EQ(waiting.get(), ErrorCode::cancelled);
}

}  // namespace
}  // namespace vignette
