// The table of docs/deploy-runpod.md, cell by cell.
#include "runpod/post_policy.h"

#include <gtest/gtest.h>

#include <string>

namespace vignette {
namespace {

using Answer = Result<HttpResponse>;

Answer status(int code) { return HttpResponse{.status = code}; }
Answer silence() { return fail(ErrorCode::too_slow, "no answer"); }
Answer cut_off() { return fail(ErrorCode::unreachable, "connection reset"); }

// The columns of the table.
constexpr PostPast first{};
constexpr PostPast refused{.refusals = 1};
constexpr PostPast open{.may_have_arrived = true};
constexpr PostPast replaced{.replaced = true};
constexpr PostPast columns[] = {first, refused, open, replaced};

// How the same answer, again and again, ends: "again 4, replace, again 4, give_up" for example.
std::string course(PostPast past, const Answer& answer) {
    std::string text;
    constexpr int for_ever = 50;
    for (int again = 0; again < for_ever;) {
        const Judgement judgement = judge(past, answer);
        past = judgement.past;
        if (judgement.verdict == PostVerdict::again) {
            ++again;
            continue;
        }
        text += "again " + std::to_string(again) + ", ";
        again = 0;
        if (judgement.verdict == PostVerdict::delivered) return text + "delivered";
        if (judgement.verdict == PostVerdict::give_up) return text + "given up";
        text += "replaced, ";
    }
    return text + "again";
}

TEST(PostPolicy, A2xxIsDeliveredWhateverWasBefore) {
    for (const int code : {200, 201, 202, 204, 299}) {
        for (const PostPast& past : columns)
            EXPECT_EQ(course(past, status(code)), "again 0, delivered") << code;
    }
}

TEST(PostPolicy, ARedirectThatLeadsNowhereIsTriedForALongTime) {
    for (const int code : {301, 302, 303, 304, 307, 308}) {
        for (const PostPast& past : columns) {
            EXPECT_EQ(course(past, status(code)), "again") << code;
            EXPECT_EQ(judge(past, status(code)).past, past) << code;
        }
    }
}

TEST(PostPolicy, AFaultOfTheMomentOrTheKeyIsTriedForALongTimeAndSaysNothingAboutTheResult) {
    for (const int code : {401, 403, 407, 408, 425, 429}) {
        for (const PostPast& past : columns) {
            EXPECT_EQ(course(past, status(code)), "again") << code;
            EXPECT_EQ(judge(past, status(code)).past, past) << code;
        }
    }
}

TEST(PostPolicy, WhatMayHaveArrivedIsTriedForALongTimeAndRemembered) {
    for (const Answer& answer : {status(500), status(502), status(503), status(504), silence(), cut_off()}) {
        for (const PostPast& past : columns) {
            EXPECT_EQ(course(past, answer), "again");
            EXPECT_TRUE(judge(past, answer).past.may_have_arrived);
        }
    }
}

TEST(PostPolicy, ARefusalIsTriedAgainForAWhileThenReplaced) {
    for (const int code : {400, 402, 405, 406, 411, 414, 415, 417, 418, 421, 422, 423, 428, 431, 451}) {
        EXPECT_EQ(course(first, status(code)), "again 4, replaced, again 4, given up") << code;
        EXPECT_EQ(course(refused, status(code)), "again 3, replaced, again 4, given up") << code;
        EXPECT_EQ(course(open, status(code)), "again 4, given up") << code;
        EXPECT_EQ(course(replaced, status(code)), "again 4, given up") << code;
    }
}

TEST(PostPolicy, ARefusalOfTheJobItselfIsNeverReplaced) {
    for (const int code : {404, 409, 410}) {
        EXPECT_EQ(course(first, status(code)), "again 4, given up") << code;
        EXPECT_EQ(course(refused, status(code)), "again 3, given up") << code;
        EXPECT_EQ(course(open, status(code)), "again 4, given up") << code;
        EXPECT_EQ(course(replaced, status(code)), "again 4, given up") << code;
    }
}

TEST(PostPolicy, ATooLargeResultIsReplacedAtOnceUnlessItMayHaveArrived) {
    EXPECT_EQ(course(first, status(413)), "again 0, replaced, again 4, given up");
    EXPECT_EQ(course(refused, status(413)), "again 0, replaced, again 4, given up");
    EXPECT_EQ(course(open, status(413)), "again 4, given up");
    EXPECT_EQ(course(replaced, status(413)), "again 4, given up");
}

TEST(PostPolicy, AfterAnAttemptThatMayHaveArrivedNothingLeadsToAnotherResult) {
    for (int code = 100; code < 600; ++code) {
        EXPECT_FALSE(course(open, status(code)).contains("replaced")) << code;
    }
}

}  // namespace
}  // namespace vignette
