#include "caption/media/picture_reader.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <string>
#include <utility>

#include "fakes/fake_fetcher.h"

namespace vignette {
namespace {

Job job_for(std::initializer_list<const char*> urls) {
    Job job;
    job.id = {"job-7"};
    for (const char* url : urls)
        job.pictures.push_back(
            {.field = "input.images[" + std::to_string(job.pictures.size()) + "]",
             .source = RemotePicture{url}}
        );
    return job;
}

class PictureReaderTest : public ::testing::Test {
protected:
    PictureReaderTest() { fetcher_.pages["https://x/a.bmp"] = tiny_bmp(); }

    static Bytes tiny_bmp() {  // 1 x 1, red
        static constexpr unsigned char file[] = {'B', 'M', 58, 0, 0, 0, 0, 0, 0, 0, 54, 0,   0, 0,  40,
                                                 0,   0,   0,  1, 0, 0, 0, 1, 0, 0, 0,  1,   0, 24, 0,
                                                 0,   0,   0,  0, 4, 0, 0, 0, 0, 0, 0,  0,   0, 0,  0,
                                                 0,   0,   0,  0, 0, 0, 0, 0, 0, 0, 0,  255, 0};
        const auto* first = reinterpret_cast<const std::byte*>(file);
        return {first, first + sizeof file};
    }

    Result<ReadPictures> read(Job job, std::stop_token stop = {}) {
        Timings timings;
        return reader_.read(job, {}, {}, {}, stop, timings);
    }

    FakeFetcher fetcher_;
    Limits limits_;
    PictureReader reader_{&fetcher_, nullptr, limits_};
};

TEST_F(PictureReaderTest, AnAddressIsFetchedForItsJobAndBounded) {
    const auto read_pictures = read(job_for({"https://x/a.bmp"}));
    ASSERT_TRUE(read_pictures) << read_pictures.error().message;
    ASSERT_EQ(read_pictures->images.size(), 1U);
    EXPECT_EQ(read_pictures->images[0].info.format, ImageFormat::bmp);
    EXPECT_EQ(read_pictures->images[0].image.rgb[0], 255);
    ASSERT_EQ(fetcher_.asked.size(), 1U);
    EXPECT_EQ(fetcher_.asked[0].job, JobId{"job-7"});
    EXPECT_EQ(fetcher_.asked[0].bytes_max, limits_.picture_bytes_max);
}

TEST_F(PictureReaderTest, SeveralAddressesComeInTheirOrderAndTheFailedOneIsNamed) {
    const auto fine = read(job_for({"https://x/a.bmp", "https://x/a.bmp", "https://x/a.bmp"}));
    ASSERT_TRUE(fine);
    EXPECT_EQ(fine->images.size(), 3U);
    const auto failed = read(job_for({"https://x/a.bmp", "https://x/none", "https://x/a.bmp"}));
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::not_found);
    EXPECT_EQ(failed.error().field, "input.images[1]");
}

TEST_F(PictureReaderTest, WhatIsFetchedIsAPictureByItsBytesOnly) {
    const std::string page = "<!doctype html><html><body>404</body></html>";
    const auto* first = reinterpret_cast<const std::byte*>(page.data());
    fetcher_.pages["https://x/cat.jpg"] = {first, first + page.size()};
    const auto failed = read(job_for({"https://x/cat.jpg"}));
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().field, "input.images[0]");
    EXPECT_NE(failed.error().message.find("HTML"), std::string::npos) << failed.error().message;
}

TEST_F(PictureReaderTest, WithoutAFetcherAnAddressIsRefused) {
    PictureReader reader(nullptr, nullptr, limits_);
    Timings timings;
    Job job = job_for({"https://x/a.bmp"});
    const auto refused = reader.read(job, {}, {}, {}, {}, timings);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::unsupported);
    EXPECT_TRUE(fetcher_.asked.empty());
}

TEST_F(PictureReaderTest, WhatWasFetchedBeforeIsNotFetchedAgain) {
    Job job = job_for({"https://x/a.bmp", "https://x/a.bmp"});
    ASSERT_TRUE(reader_.fetch(job, {}));
    EXPECT_EQ(fetcher_.asked.size(), 2U);
    job.fetched->took = std::chrono::microseconds{1'234};
    Timings timings;
    const auto read_pictures = reader_.read(job, {}, {}, {}, {}, timings);
    ASSERT_TRUE(read_pictures);
    EXPECT_EQ(read_pictures->images.size(), 2U);
    EXPECT_EQ(timings.fetch.count(), 1'234);
    EXPECT_EQ(fetcher_.asked.size(), 2U);
}

TEST_F(PictureReaderTest, WhatWasFetchedTakesMemoryUntilItIsRead) {
    const std::size_t own = tiny_bmp().size();
    limits_.picture_bytes_max = own + 1;
    limits_.media_bytes_max = 40 * own;  // three of those that are fetched
    PictureReader reader(&fetcher_, nullptr, limits_);
    std::vector<Job> jobs(3, job_for({"https://x/a.bmp"}));
    ASSERT_TRUE(reader.fetch(jobs[0], {}));
    ASSERT_TRUE(reader.fetch(jobs[1], {}));  // the first one has given back what it did not need
    std::stop_source stop;
    std::future<Result<void>> third =
        std::async(std::launch::async, [&] { return reader.fetch(jobs[2], stop.get_token()); });
    EXPECT_EQ(third.wait_for(std::chrono::milliseconds(20)), std::future_status::timeout);
    Timings timings;
    ASSERT_TRUE(reader.read(jobs[0], {}, {}, {}, {}, timings));
    EXPECT_TRUE(third.get());
}

// Those that were fetched may wait for its thread.
TEST_F(PictureReaderTest, AGivenPictureNeverWaitsForMemoryOfThoseThatWereFetched) {
    limits_.picture_bytes_max = tiny_bmp().size();
    limits_.media_bytes_max = 40 * tiny_bmp().size();
    PictureReader reader(&fetcher_, nullptr, limits_);
    std::vector<Job> fetched(3, job_for({"https://x/a.bmp"}));
    for (Job& job : fetched) ASSERT_TRUE(reader.fetch(job, {}));
    Job given = job_for({"https://x/a.bmp"});
    given.pictures.front().source = EncodedPicture{tiny_bmp()};
    Timings timings;
    EXPECT_TRUE(reader.read(given, {}, {}, {}, {}, timings));
}

TEST_F(PictureReaderTest, AStoppedJobFetchesNothing) {
    std::stop_source stop;
    stop.request_stop();
    const auto stopped = read(job_for({"https://x/a.bmp"}), stop.get_token());
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().code, ErrorCode::cancelled);
}

}  // namespace
}  // namespace vignette
