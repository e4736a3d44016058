#include "engine/admission/waiting_line.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <random>
#include <string>
#include <thread>

#include "fakes/scripted_model.h"

namespace vignette {
namespace {

using std::chrono::microseconds;

GenerationCall asking(int picture, const std::string& job = {}) {
    GenerationCall one{};
    one.request.job = {job};
    one.arrived = GenerationCall::Clock::now();
    one.request.prompt = {TokenId{picture}};
    one.request.pictures.push_back(std::make_shared<ScriptedPixels>(picture));
    return one;
}

int picture_of(const GenerationCall& one) { return static_cast<int>(one.request.prompt.front()); }

bool anybody(const GenerationCall& one) { return !one.request.prompt.empty(); }

std::vector<int> order_of(WaitingLine& line) {
    std::vector<int> order;
    while (const std::optional<GenerationCall> next = line.take_if(anybody))
        order.push_back(picture_of(*next));
    return order;
}

std::vector<int> numbers(const WaitingLine::Pictures& pictures) {
    std::vector<int> found;
    for (const auto& one : pictures) found.push_back(dynamic_cast<const ScriptedPixels&>(*one).picture);
    return found;
}

TEST(WaitingLine, TheFirstThatDoesNotFitIsNotOvertaken) {
    WaitingLine line({.most = 9});
    for (int picture = 1; picture <= 3; ++picture) EXPECT_TRUE(line.enter(asking(picture)));
    EXPECT_FALSE(line.take_if([](const GenerationCall& one) { return picture_of(one) > 1; }));
    EXPECT_EQ(order_of(line), (std::vector<int>{1, 2, 3}));
}

TEST(WaitingLine, TurnsAwayWhoeverIsTooManyOrTooLate) {
    WaitingLine line({.most = 2});
    EXPECT_TRUE(line.enter(asking(1)));
    EXPECT_TRUE(line.enter(asking(2)));
    EXPECT_FALSE(line.enter(asking(3)));
    line.close();
    EXPECT_EQ(order_of(line), (std::vector<int>{1, 2}));
    EXPECT_FALSE(line.enter(asking(4)));
    EXPECT_FALSE(line.wait());
}

// With an hour to wait, only what is tested ends it.
TEST(WaitingLine, TheFirstWaitsForCompanyUntilThereIsEnough) {
    WaitingLine line({.most = 9, .company = 3, .company_wait = std::chrono::hours(1)});
    EXPECT_TRUE(line.enter(asking(1)));
    std::jthread others([&] {
        EXPECT_TRUE(line.enter(asking(2)));
        EXPECT_TRUE(line.enter(asking(3)));
    });
    EXPECT_TRUE(line.wait());
    EXPECT_EQ(order_of(line), (std::vector<int>{1, 2, 3}));
}

TEST(WaitingLine, NobodyWaitsForCompanyWhereNobodyComesAnyMore) {
    WaitingLine line({.most = 9, .company = 3, .company_wait = std::chrono::hours(1)});
    EXPECT_TRUE(line.enter(asking(1)));
    std::jthread closer([&] { line.close(); });
    EXPECT_TRUE(line.wait());
    EXPECT_EQ(order_of(line), (std::vector<int>{1}));
}

TEST(WaitingLine, TheWaitForCompanyBeginsWithTheArrival) {
    WaitingLine line({.most = 9, .company = 3, .company_wait = std::chrono::hours(1)});
    GenerationCall early = asking(1);
    early.arrived -= std::chrono::hours(1);
    EXPECT_TRUE(line.enter(std::move(early)));
    EXPECT_TRUE(line.wait());
}

TEST(WaitingLine, WhoIsTakenBackStandsWhereHeStood) {
    WaitingLine line({.most = 2});
    EXPECT_TRUE(line.enter(asking(1)));
    EXPECT_TRUE(line.enter(asking(2)));
    GenerationCall first = *line.take_if(anybody);
    EXPECT_TRUE(line.enter(asking(3)));
    line.take_back(std::move(first));
    EXPECT_EQ(order_of(line), (std::vector<int>{1, 2, 3}));
}

TEST(WaitingLine, SinglePicturesPassALongJob) {
    WaitingLine line({.most = 500});
    for (int frame = 0; frame < 100; ++frame) EXPECT_TRUE(line.enter(asking(frame, "film")));
    EXPECT_TRUE(line.enter(asking(1000, "single")));
    EXPECT_TRUE(line.enter(asking(1001)));
    const std::vector<int> order = order_of(line);
    EXPECT_LT(std::ranges::find(order, 1000) - order.begin(), 15) << "behind a hundred frames otherwise";
    EXPECT_LT(std::ranges::find(order, 1001) - order.begin(), 15);
    std::vector<int> frames = order;
    std::erase_if(frames, [](int picture) { return picture >= 1000; });
    EXPECT_TRUE(std::ranges::is_sorted(frames)) << "a job keeps its own order";
}

// Whatever comes, and however long it goes on: nobody is passed more often than his place allows.
TEST(WaitingLine, NobodyWaitsForEver) {
    for (unsigned seed = 0; seed < 50; ++seed) {
        std::mt19937 random(seed);
        WaitingLine line({.most = 100});
        std::map<int, int> passed;  // waiting pictures: how many who came later were taken
        std::map<int, int> allowed;
        std::map<std::string, int> of_job;
        std::map<int, std::string> job_of;
        for (int arrival = 0; arrival < 3000; ++arrival) {
            const std::string job = random() % 3 == 0 ? "" : std::to_string(random() % 4);
            if (line.enter(asking(arrival, job))) {
                passed[arrival] = 0;
                allowed[arrival] = job.empty() ? 0 : 8 * of_job[job];
                job_of[arrival] = job;
                ++of_job[job];
            }
            if (random() % 2 == 0) continue;
            const std::optional<GenerationCall> next = line.take_if(anybody);
            if (!next) continue;
            const int taken = picture_of(*next);
            --of_job[job_of[taken]];
            for (auto& [waiting, count] : passed) count += waiting < taken ? 1 : 0;
            ASSERT_LE(passed[taken], allowed[taken]) << "seed " << seed;
            passed.erase(taken);
        }
    }
}

TEST(WaitingLine, CancelledOnesAreFoundWhereverTheyStand) {
    WaitingLine line({.most = 9});
    std::stop_source stop;
    GenerationCall second = asking(2);
    second.request.stop = stop.get_token();
    EXPECT_TRUE(line.enter(asking(1)));
    EXPECT_TRUE(line.enter(std::move(second)));
    EXPECT_TRUE(line.take_cancelled().empty());
    stop.request_stop();
    const std::vector<GenerationCall> cancelled = line.take_cancelled();
    ASSERT_EQ(cancelled.size(), 1U);
    EXPECT_EQ(picture_of(cancelled.front()), 2);
    EXPECT_EQ(line.take_all().size(), 1U);
}

TEST(WaitingLine, WhereNobodyRunsNothingIsLookedAtAhead) {
    WaitingLine line({.most = 9, .ahead_max = 2});
    EXPECT_TRUE(line.enter(asking(1)));
    EXPECT_TRUE(line.wait());
    EXPECT_EQ(order_of(line), (std::vector<int>{1}));
    line.close();
    EXPECT_FALSE(line.next_to_see());
}

TEST(WaitingLine, BesideOthersNobodyStartsUnseen) {
    WaitingLine line({.most = 9, .ahead_max = 2});
    line.set_busy(true);
    for (int picture = 1; picture <= 3; ++picture) EXPECT_TRUE(line.enter(asking(picture)));
    EXPECT_FALSE(line.take_if(anybody));
    EXPECT_EQ(numbers(*line.next_to_see()), (std::vector<int>{1, 2})) << "no further ahead than two";
    EXPECT_FALSE(line.take_if(anybody)) << "somebody looks at them";
    line.seen(microseconds{5});
    const std::optional<GenerationCall> first = line.take_if(anybody);
    ASSERT_TRUE(first);
    EXPECT_EQ(picture_of(*first), 1);
    EXPECT_EQ(first->looked, microseconds{5});
    EXPECT_EQ(numbers(*line.next_to_see()), std::vector<int>{3}) << "one has left";
    line.seen({});
    EXPECT_EQ(order_of(line), (std::vector<int>{2, 3}));
}

TEST(WaitingLine, WhoPassesThoseThatWereSeenIsLookedAtNext) {
    WaitingLine line({.most = 9, .ahead_max = 2});
    line.set_busy(true);
    for (int frame = 1; frame <= 3; ++frame) EXPECT_TRUE(line.enter(asking(frame, "film")));
    ASSERT_TRUE(line.next_to_see());
    line.seen({});
    EXPECT_TRUE(line.enter(asking(4)));  // in front of the second frame
    EXPECT_EQ(numbers(*line.next_to_see()), std::vector<int>{4}) << "though two are seen";
    line.seen({});
    EXPECT_EQ(picture_of(*line.take_if(anybody)), 1);
    EXPECT_EQ(picture_of(*line.take_if(anybody)), 4);
}

TEST(WaitingLine, WhatIsLookedAtIsWaitedForWhenTheOthersHaveEnded) {
    WaitingLine line({.most = 9, .ahead_max = 2});
    line.set_busy(true);
    EXPECT_TRUE(line.enter(asking(1)));
    ASSERT_TRUE(line.next_to_see());
    line.set_busy(false);
    EXPECT_FALSE(line.take_if(anybody));
    std::jthread viewer([&] { line.seen({}); });
    EXPECT_TRUE(line.wait());
    EXPECT_EQ(order_of(line), (std::vector<int>{1}));
}

}  // namespace
}  // namespace vignette
