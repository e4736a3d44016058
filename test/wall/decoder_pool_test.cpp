#include "wall/decoder_pool.h"

#include <signal.h>
#include <sys/wait.h>

#include <random>
#include <thread>

#include "core/stop.h"
#include "film/file.h"
#include "wall/decoder_fixture.h"
#include "wall/slow_film.h"
#include "wall/slow_jpeg.h"
#include "wall/walled_film.h"

namespace vignette {
namespace {

using namespace std::chrono_literals;

TEST_F(DecoderTest, DecodesWhatTheLibrariesDecodeHere) {
    for (const fixtures::Picture& picture : fixtures::pictures()) {
        const Bytes file = fixtures::picture(picture.file);
        for (const bool fast : {false, true}) {
            const DecodeNeed need{.cover = {8, 8}, .fast = fast};
            const Result<DecodedImage> here = decode_image(file, limits, need);
            const Result<DecodedImage> there = decode(file, need);
            ASSERT_EQ(here.has_value(), there.has_value()) << picture.file;
            if (!here) continue;
            EXPECT_EQ(there->info, here->info) << picture.file;
            EXPECT_EQ(there->image.size, here->image.size) << picture.file;
            EXPECT_TRUE(there->image.rgb == here->image.rgb) << picture.file;
        }
    }
}

TEST_F(DecoderTest, SaysOfDamagedFilesWhatIsSaidHere) {
    std::mt19937 random(11);
    const std::vector<fixtures::Picture> pictures = fixtures::pictures();
    int refused = 0;
    for (int round = 0; round < 200; ++round) {
        Bytes file = fixtures::picture(pictures[random() % pictures.size()].file);
        for (std::size_t flips = 1 + random() % 4; flips > 0; --flips)
            file[random() % file.size()] ^= static_cast<std::byte>(1U << random() % 8);
        const Result<DecodedImage> here = decode_image(file, limits);
        const Result<DecodedImage> there = decode(file);
        ASSERT_EQ(here.has_value(), there.has_value());
        if (here) continue;
        ++refused;
        EXPECT_EQ(there.error(), here.error());
    }
    EXPECT_GT(refused, 20);
}

TEST_F(DecoderTest, PixelsOutliveTheirProcessAndThePool) {
    const Bytes file = fixtures::picture(fixtures::pictures().front().file);
    const Samples expected = decode_image(file, limits)->image.rgb;
    std::vector<DecodedImage> kept;
    {
        const std::unique_ptr<DecoderPool> other = start(1);
        for (int i = 0; i < 5; ++i) kept.push_back(*other->decode(file, *read_header(file), limits, {}, {}));
    }
    for (const DecodedImage& one : kept) EXPECT_TRUE(one.image.rgb == expected);
}

TEST_F(DecoderTest, ManyThreadsGetTheirOwnPictures) {
    const std::vector<fixtures::Picture> pictures = fixtures::pictures();
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            for (std::size_t i = 0; i < 12; ++i) {
                const Bytes file = fixtures::picture(pictures[(i * 5 + t) % pictures.size()].file);
                const Result<DecodedImage> there = decode(file);
                ASSERT_TRUE(there.has_value());
                EXPECT_TRUE(there->image.rgb == decode_image(file, limits)->image.rgb);
            }
        });
    }
}

TEST_F(DecoderTest, AStopRequestedBeforeStartsNothing) {
    std::stop_source stop;
    stop.request_stop();
    const Bytes file = fixtures::picture(fixtures::pictures().front().file);
    EXPECT_EQ(decode(file, {}, stop.get_token()).error().code, ErrorCode::cancelled);
}

// A process that does not answer at all: stopped, as by a decoder in an endless loop.
TEST(DecoderProcess, AStopEndsAQuestionThatIsNotAnswered) {
    const std::unique_ptr<DecoderProcess> process = *DecoderProcess::start(VIGNETTE_DECODER);
    ASSERT_TRUE(process->wall().has_value());
    kill(process->pid(), SIGSTOP);
    std::stop_source stop;
    const Bytes file = fixtures::picture(fixtures::pictures().front().file);
    ASSERT_TRUE(process->give(file).has_value());
    std::jthread stopping([&] { stop.request_stop(); });
    const Result<DecoderAnswer> answer =
        process->ask({.kind = DecoderQuestion::Kind::picture, .memory_max = 64 * MiB}, stop.get_token());
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().code, ErrorCode::cancelled);
}

// As a decoder that writes out of bounds; a poisoned file of today would be refused by tomorrow's checks.
TEST(DecoderProcess, ACrashIsAnErrorAboutThePicture) {
    const std::unique_ptr<DecoderProcess> process = *DecoderProcess::start(VIGNETTE_DECODER);
    ASSERT_TRUE(process->wall().has_value());
    ASSERT_TRUE(process->give(fixtures::picture(fixtures::pictures().front().file)).has_value());
    kill(process->pid(), SIGSEGV);
    const Result<DecoderAnswer> answer =
        process->ask({.kind = DecoderQuestion::Kind::picture, .memory_max = 64 * MiB}, {});
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().code, ErrorCode::undecodable_image);
    EXPECT_FALSE(process->is_alive());
}

TEST(DecoderProcess, ProcessorTimeIsLimited) {
    const std::unique_ptr<DecoderProcess> process = *DecoderProcess::start(VIGNETTE_DECODER);
    ASSERT_TRUE(process->wall().has_value());
    ASSERT_TRUE(process->give(fixtures::picture(fixtures::pictures().front().file)).has_value());
    kill(process->pid(), SIGXCPU);  // what the kernel sends at the limit
    const Result<DecoderAnswer> answer = process->ask({.kind = DecoderQuestion::Kind::picture}, {});
    EXPECT_EQ(answer.error().code, ErrorCode::too_slow);
}

// Asks for a stop while `decode` is at it; how long that took to come through is for whoever reads it: on a
// busy machine no bound holds.
template <class Decode>
void expect_stopped(std::stop_source stop, const Decode& decode) {
    auto asked = std::chrono::steady_clock::now();
    ErrorCode code{};
    {
        const std::jthread stopping([&] {
            wait_for(50ms, {});
            asked = std::chrono::steady_clock::now();
            stop.request_stop();
        });
        const auto decoded = decode();
        if (!decoded) code = decoded.error().code;
    }
    EXPECT_EQ(code, ErrorCode::cancelled);
    ::testing::Test::RecordProperty(
        "stopped_after_ms", std::to_string((std::chrono::steady_clock::now() - asked) / 1ms)
    );
}

// What can only be killed: libjpeg looks at nothing while it goes over the picture.
TEST_F(DecoderTest, AStopEndsADecodingThatTakesSeconds) {
    const Bytes file = slow_jpeg(3'000);
    ASSERT_TRUE(read_header(file).has_value());
    const std::stop_source stop;
    expect_stopped(stop, [&] { return decode(file, {}, stop.get_token()); });
    EXPECT_TRUE(decode(fixtures::picture(fixtures::pictures().front().file)).has_value());
}

// What ended is replaced, and the next picture does not notice.
TEST_F(DecoderTest, AProcessThatEndedIsReplaced) {
    const Bytes file = fixtures::picture(fixtures::pictures().front().file);
    for (int i = 0; i < 3; ++i) {
        std::stop_source stop;
        {
            const DecoderPool::Lease process = *pool->lease();
            ASSERT_TRUE(process->wall().has_value());
            kill(process->pid(), SIGKILL);
            EXPECT_FALSE(process->ask({}, {}).has_value());
        }
        EXPECT_TRUE(decode(file).has_value());
    }
}

TEST_F(DecoderTest, WhatEndedWhileItWaitedCostsNoPicture) {
    const Bytes file = fixtures::picture(fixtures::pictures().front().file);
    for (int i = 0; i < 3; ++i) {
        pid_t pid = 0;
        {
            const DecoderPool::Lease process = *pool->lease();
            ASSERT_TRUE(process->wall().has_value());
            pid = process->pid();
        }
        kill(pid, SIGKILL);
        siginfo_t end{};
        ASSERT_EQ(waitid(P_PID, static_cast<id_t>(pid), &end, WEXITED | WNOWAIT), 0);
        EXPECT_TRUE(decode(file).has_value());
    }
}

TEST(DecoderProcess, AProgramThatIsNoDecoderIsNamed) {
    EXPECT_EQ(DecoderProcess::start("/no/such/program").error().code, ErrorCode::unavailable);
    const std::unique_ptr<DecoderProcess> cat = *DecoderProcess::start("/bin/cat");
    const Result<WallKind> wall = cat->wall();
    ASSERT_FALSE(wall.has_value());
    EXPECT_EQ(wall.error().code, ErrorCode::unavailable);
}

struct Told {
    std::vector<double> times;
    std::vector<Samples> pictures;
    std::int64_t damaged = 0;
    std::string error;
};

Told told_by(FilmSource& film) {
    Told told;
    for (int i = 0;; ++i) {
        if (i == 3) film.skip_to({.at = 0.9, .begins = true});
        const Result<std::optional<Shown>> shown = film.next();
        if (!shown) told.error = shown.error().message;
        if (!shown || !*shown) break;
        told.times.insert(told.times.end(), {(*shown)->from, (*shown)->until, (*shown)->last ? 1.0 : 0.0});
        told.pictures.push_back(film.picture()->rgb);
        const Thumbnail small = *film.thumbnail();
        told.pictures.emplace_back(small.rgb.begin(), small.rgb.end());
    }
    told.damaged = film.damaged();
    return told;
}

TEST_F(DecoderTest, FilmsHaveTheSameFramesAsHere) {
    for (const auto& tiny : fixtures::tiny_films) {
        const Bytes file = fixtures::film(tiny.file);
        FilmFile here = *FilmFile::open(file, limits, {});
        const std::unique_ptr<WalledFilm> there = *pool->bring_film(file, limits, {});
        EXPECT_GT(there->memory_needed().value(), 1 * MiB);
        const Result<void> opened = there->open();
        ASSERT_TRUE(opened.has_value()) << tiny.file << ": " << opened.error().message;
        EXPECT_EQ(there->facts().codec, here.facts().codec);
        EXPECT_EQ(there->facts().size, here.facts().size);
        const Told expected = told_by(here);
        const Told told = told_by(*there);
        EXPECT_EQ(told.times, expected.times) << tiny.file;
        EXPECT_TRUE(told.pictures == expected.pictures) << tiny.file;
        EXPECT_EQ(told.error, expected.error);
        EXPECT_EQ(told.damaged, expected.damaged);
    }
}

// Its codec may hold gigabytes: they must not wait for the next picture.
TEST_F(DecoderTest, AFilmTakesItsProcessWithIt) {
    const pid_t pid = (*pool->lease())->pid();
    {
        const std::unique_ptr<WalledFilm> film = *pool->bring_film(fixtures::film("h264.mp4"), limits, {});
        ASSERT_TRUE(film->open().has_value());
        EXPECT_EQ(kill(pid, 0), 0);
    }
    EXPECT_NE(kill(pid, 0), 0);
    EXPECT_TRUE(decode(fixtures::picture(fixtures::pictures().front().file)).has_value());
}

// libav looks at nothing within a frame.
TEST_F(DecoderTest, AStopEndsAFilmWhoseFrameTakesSeconds) {
    const std::stop_source stop;
    const std::unique_ptr<WalledFilm> slow =
        *pool->bring_film(slow_film(4'000, 60), limits, stop.get_token());
    ASSERT_TRUE(slow->memory_needed().has_value());
    expect_stopped(stop, [&] { return slow->open(); });
    const Bytes quick = fixtures::film("mjpeg.avi");
    const std::unique_ptr<WalledFilm> film = *pool->bring_film(quick, limits, {});
    EXPECT_TRUE(film->open().has_value());
}

TEST_F(DecoderTest, ABadFilmIsAnError) {
    const Bytes cut = fixtures::film(fixtures::tiny_films.front().file);
    const std::unique_ptr<WalledFilm> film =
        *pool->bring_film(std::span(cut).first(cut.size() / 4), limits, {});
    EXPECT_EQ(
        film->open().error().code,
        FilmFile::open(std::span(cut).first(cut.size() / 4), limits, {}).error().code
    );
}

}  // namespace
}  // namespace vignette
