// A film's memory is charged to that for media: its codec's before it opens, then that of the frames that are
// held at once.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <optional>
#include <utility>

#include "caption/media/picture_reader.h"
#include "film/file.h"
#include "film/film_fixtures.h"

namespace vignette {
namespace {

std::size_t needed() { return FilmFile::memory_needed(fixtures::film("h264.mp4"), {}, {}).value(); }

// The container is intact, and tells nothing of it.
Bytes without_pictures(Bytes film) {
    const Bytes name = fixtures::bytes_of("mdat");
    const auto content = std::ranges::search(film, name).end();
    std::size_t bytes = 0;
    for (auto digit = content - 8; digit != content - 4; ++digit)
        bytes = bytes * 256 + std::to_integer<std::size_t>(*digit);
    std::fill_n(content, bytes - 8, std::byte{});
    return film;
}

// A fifth of the memory for media is for the codecs of films, another for the frames that are held.
Limits room_for(std::size_t bytes) {
    Limits limits;
    limits.media_bytes_max = 5 * bytes;
    return limits;
}

class FilmMemoryTest : public ::testing::Test {
protected:
    static Result<ReadFilm> open(
        PictureReader& reader, const char* job, Bytes film = fixtures::film("h264.mp4"),
        const std::stop_token& stop = {}
    ) {
        Film whole{.source = {.field = "input.video", .source = EncodedPicture{std::move(film)}}};
        whole.frame_job.id = {job};
        return reader.read_film(whole, stop);
    }

    // What another thread gets, and whether it got it only after the first film was let go.
    struct Second {
        Result<ReadFilm> film;
        bool waited = false;
    };
    std::future<Second> open_second(Bytes film = fixtures::film("h264.mp4")) {
        return std::async(std::launch::async, [this, film = std::move(film)]() mutable {
            Result<ReadFilm> opened = open(narrow_, "second", std::move(film), stop_.get_token());
            return Second{std::move(opened), first_is_closed_.load()};
        });
    }

    // The second one is not done while whole films are opened where there is room: nor would it ever be.
    static void expect_waiting(std::future<Second>& second) {
        PictureReader elsewhere(nullptr, nullptr, {});
        for (int i = 0; i < 10; ++i) ASSERT_TRUE(open(elsewhere, "elsewhere"));
        EXPECT_EQ(second.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
    }

    void close_first() {
        first_is_closed_ = true;
        first_.reset();
    }

    PictureReader narrow_{nullptr, nullptr, room_for(2 * needed() - 1)};
    std::stop_source stop_;
    std::atomic<bool> first_is_closed_ = false;
    std::optional<ReadFilm> first_ = open(narrow_, "first").value();
};

TEST_F(FilmMemoryTest, IsTheSizeTimesWhatItsCodecMayKeep) {
    constexpr std::size_t pixels = 640 * 480;  // the least that is charged
    constexpr std::size_t kept = 19;           // sixteen references and what is on its way
    EXPECT_EQ(needed(), pixels * (3 * kept + 3) + 32 * MiB);
}

TEST_F(FilmMemoryTest, TwoFilmsThatFitAreOpenTogether) {
    PictureReader reader(nullptr, nullptr, room_for(2 * needed()));
    const Result<ReadFilm> one = open(reader, "one");
    ASSERT_TRUE(one);
    EXPECT_TRUE(open(reader, "other"));
}

TEST_F(FilmMemoryTest, TheSecondThatDoesNotFitWaitsUntilTheFirstIsClosed) {
    std::future<Second> opening = open_second();
    expect_waiting(opening);
    close_first();
    const Second second = opening.get();
    EXPECT_TRUE(second.waited);
    ASSERT_TRUE(second.film);
    EXPECT_TRUE(second.film->frames->next().value().has_value());
}

// It is not told that its codec finds nothing to decode before there is memory for the codec.
TEST_F(FilmMemoryTest, IsChargedBeforeTheCodecOpens) {
    const Bytes broken = without_pictures(fixtures::film("h264.mp4"));
    ASSERT_EQ(FilmFile::open(broken, {}, {}).error().code, ErrorCode::undecodable_image);
    std::future<Second> opening = open_second(broken);
    expect_waiting(opening);
    close_first();
    const Second second = opening.get();
    EXPECT_TRUE(second.waited);
    EXPECT_EQ(second.film.error().code, ErrorCode::undecodable_image);
}

TEST_F(FilmMemoryTest, AStopEndsTheWaitForIt) {
    std::future<Second> opening = open_second();
    stop_.request_stop();
    EXPECT_EQ(opening.get().film.error().code, ErrorCode::cancelled);
}

}  // namespace
}  // namespace vignette
