#include "runpod/job_book.h"

#include <gtest/gtest.h>

#include <future>

namespace vignette {
namespace {

using namespace std::chrono_literals;

TEST(JobBook, AJobIsHeldFromItsOpeningToItsClosing) {
    JobBook book;
    ASSERT_TRUE(book.open({"a"}, 3, {}));
    EXPECT_EQ(book.held(), std::vector<JobId>{{"a"}});
    EXPECT_EQ(book.running_pictures(), 3);
    book.finish({"a"});
    EXPECT_EQ(book.held(), std::vector<JobId>{{"a"}});
    EXPECT_EQ(book.running_pictures(), 0);
    EXPECT_EQ(book.undelivered(), 1);
    book.close({"a"});
    EXPECT_TRUE(book.held().empty());
    EXPECT_EQ(book.undelivered(), 0);
}

TEST(JobBook, EachPictureOfABatchFreesItsRoomWhenItIsDone) {
    JobBook book;
    book.open({"a"}, 3, {});
    book.picture_done({"a"});
    EXPECT_EQ(book.running_pictures(), 2);
    book.picture_done({"a"});
    book.picture_done({"a"});
    EXPECT_EQ(book.running_pictures(), 1);
    book.finish({"a"});
    EXPECT_EQ(book.running_pictures(), 0);
    book.picture_done({"a"});
    EXPECT_EQ(book.running_pictures(), 0);
}

TEST(JobBook, AJobThatIsHeldIsNotOpenedAgain) {
    JobBook book;
    ASSERT_TRUE(book.open({"a"}, 1, {}));
    EXPECT_FALSE(book.open({"a"}, 1, {}));
    EXPECT_EQ(book.running_pictures(), 1);
    book.finish({"a"});
    EXPECT_FALSE(book.open({"a"}, 1, {}));
    EXPECT_FALSE(book.open_finished({"a"}));
    book.close({"a"});
    EXPECT_TRUE(book.open({"a"}, 1, {}));
}

TEST(JobBook, AResultOfAnEarlierLifeIsHeldAndTakesNoRoom) {
    JobBook book;
    ASSERT_TRUE(book.open_finished({"old"}));
    EXPECT_EQ(book.running_pictures(), 0);
    EXPECT_EQ(book.undelivered(), 1);
    EXPECT_FALSE(book.open({"old"}, 1, {}));
}

TEST(JobBook, AStopReachesTheOneJobThatRuns) {
    JobBook book;
    const std::stop_source a;
    const std::stop_source b;
    book.open({"a"}, 1, a);
    book.open({"b"}, 1, b);
    EXPECT_TRUE(book.stop({"a"}));
    EXPECT_TRUE(a.stop_requested());
    EXPECT_FALSE(b.stop_requested());
    EXPECT_FALSE(book.stop({"unknown"}));
    book.finish({"b"});
    EXPECT_FALSE(book.stop({"b"}));
}

TEST(JobBook, WhoeverWaitsForRoomHearsOfIt) {
    JobBook book;
    book.open({"a"}, 1, {});
    std::future<bool> room = std::async(std::launch::async, [&] {
        return book.wait(std::stop_token(), [](const JobBook::Held& now) { return now.pictures == 0; });
    });
    book.finish({"a"});
    EXPECT_TRUE(room.get());
}

TEST(JobBook, AStopEndsTheWaiting) {
    JobBook book;
    book.open({"a"}, 1, {});
    std::stop_source stop;
    std::future<bool> room = std::async(std::launch::async, [&] {
        return book.wait(stop.get_token(), [](const JobBook::Held& now) { return now.pictures == 0; });
    });
    stop.request_stop();
    EXPECT_FALSE(room.get());
}

TEST(JobBook, ADeadlineEndsTheWaiting) {
    JobBook book;
    book.open({"a"}, 1, {});
    EXPECT_FALSE(book.wait_until(JobBook::Clock::now() + 5ms, [](const JobBook::Held& now) {
        return now.pictures == 0;
    }));
}

}  // namespace
}  // namespace vignette
