#include "runpod/job_runner.h"

#include <gtest/gtest.h>

#include <future>
#include <nlohmann/json.hpp>

#include "fakes/fake_captioner.h"
#include "fakes/scratch_folder.h"
#include "runpod/fake_platform.h"

namespace vignette {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

struct JobRunnerTest : ::testing::Test {
    FakePlatform fake;
    JobBook book;
    HttpClient client{"test/1"};
    Outbox outbox{client, fake.platform, book, nullptr};
    FakeCaptioner captioner;
    std::atomic<int> deaths = 0;
    JobRunner runner{captioner, outbox, book, fake.platform, {.threads = 4}, [this] { ++deaths; }};

    static Job picture(std::string prompt) {
        Job job{.pictures = {}};
        job.pictures.push_back({.field = "input.image", .source = EncodedPicture{}});
        job.options.prompt = std::move(prompt);
        return job;
    }
    static TakenJob single(const char* id, std::string prompt) {
        Request request{.id = {id}};
        request.items.push_back({.job = picture(std::move(prompt))});
        return {.id = JobId{id}, .request = std::move(request)};
    }
    static TakenJob batch(const char* id, std::vector<std::string> prompts) {
        Request request{.id = {id}, .shape = AnswerShape::batch};
        for (std::string& prompt : prompts) request.items.push_back({.job = picture(std::move(prompt))});
        return {.id = JobId{id}, .request = std::move(request)};
    }

    static TakenJob film(const char* id, std::string prompt, bool stream = false) {
        Request request{.id = {id}, .shape = AnswerShape::frames, .stream = stream};
        Film& film = request.film.emplace();
        film.source = {.field = "input.video", .source = EncodedPicture{}};
        film.frame_job.options.prompt = std::move(prompt);
        return {.id = JobId{id}, .request = std::move(request)};
    }

    void wait_until_delivered() {
        ASSERT_TRUE(book.wait_until(JobBook::Clock::now() + 30s, [](const JobBook::Held& now) {
            return now.pictures == 0 && now.undelivered == 0;
        }));
    }
    // The job's one result.
    Json result(const std::string& id) {
        Json found;
        int count = 0;
        for (const HeardRequest& post : fake.heard("job-done")) {
            if (!post.target.starts_with("/job-done/w1/" + id + "?")) continue;
            Json posted = Json::parse(post.body);
            if (posted.value("status", "") == "IN_PROGRESS") continue;
            found = std::move(posted);
            ++count;
        }
        EXPECT_EQ(count, 1) << id;
        return found;
    }
    static std::string error_type(const Json& posted) {
        return Json::parse(posted.at("error").get<std::string>()).at("error_type");
    }
};

TEST_F(JobRunnerTest, AJobEndsInItsCaption) {
    runner.take_in(single("j1", "a cat"));
    wait_until_delivered();
    EXPECT_EQ(result("j1")["output"]["caption"], "a cat");
}

TEST_F(JobRunnerTest, AFailureIsPostedAsText) {
    runner.take_in(single("j1", "bad"));
    wait_until_delivered();
    EXPECT_EQ(error_type(result("j1")), "undecodable_image");
}

TEST_F(JobRunnerTest, AJobThatCannotBeReadIsAnswered) {
    runner.take_in({.id = JobId{"j1"}, .request = fail(ErrorCode::missing_image, "no picture")});
    wait_until_delivered();
    EXPECT_EQ(error_type(result("j1")), "missing_image");
    EXPECT_EQ(captioner.calls, 0);
}

TEST_F(JobRunnerTest, AJobWithoutAnIdIsNotRun) {
    TakenJob taken = single("", "a cat");
    taken.id.reset();
    runner.take_in(std::move(taken));
    wait_until_delivered();
    EXPECT_EQ(captioner.calls, 0);
    EXPECT_TRUE(fake.heard("job-done").empty());
}

TEST_F(JobRunnerTest, OneBadPictureDoesNotAffectTheOthers) {
    TakenJob taken = batch("b", {"a cat", "bad", "a dog"});
    taken.request->items.push_back({.id = "four", .job = fail(ErrorCode::bad_base64, "no base64")});
    runner.take_in(std::move(taken));
    wait_until_delivered();
    const Json results = result("b")["output"]["results"];
    ASSERT_EQ(results.size(), 4U);
    EXPECT_EQ(results[0]["caption"], "a cat");
    EXPECT_EQ(results[1]["error"]["code"], "undecodable_image");
    EXPECT_EQ(results[2]["caption"], "a dog");
    EXPECT_EQ(results[3]["error"]["code"], "bad_base64");
}

TEST_F(JobRunnerTest, TakingJobsInNeverWaitsForTheirPictures) {
    std::future<void> taken = std::async(std::launch::async, [&] {
        for (int i = 0; i < 20; ++i) {
            const std::string id = "b" + std::to_string(i);
            runner.take_in(batch(id.c_str(), std::vector<std::string>(256, "wait")));
        }
    });
    EXPECT_EQ(taken.wait_for(20s), std::future_status::ready);
    captioner.open();
    taken.get();
    wait_until_delivered();
}

TEST_F(JobRunnerTest, AJobThatIsHandedOutTwiceIsAnsweredOnce) {
    runner.take_in(single("j1", "wait"));
    runner.take_in(single("j1", "wait"));
    runner.take_in({.id = JobId{"j1"}, .request = fail(ErrorCode::missing_image, "no picture")});
    captioner.open();
    wait_until_delivered();
    EXPECT_EQ(result("j1")["output"]["caption"], "wait");
}

TEST_F(JobRunnerTest, AStoppedJobIsAnsweredToo) {
    runner.take_in(single("j1", "wait"));
    ASSERT_TRUE(book.stop({"j1"}));
    wait_until_delivered();
    EXPECT_EQ(error_type(result("j1")), "cancelled");
}

TEST_F(JobRunnerTest, AJobCutOffByTheShutdownMayBeSentAgain) {
    runner.take_in(single("j1", "wait"));
    runner.say_shutting_down();
    book.stop_all();
    wait_until_delivered();
    EXPECT_EQ(error_type(result("j1")), "shutting_down");
}

TEST_F(JobRunnerTest, AStreamSendsPiecesThenItemsThenTheWholeAnswer) {
    TakenJob taken = batch("s", {"a cat"});
    taken.request->stream = true;
    runner.take_in(std::move(taken));
    wait_until_delivered();
    std::string words;
    Json items = Json::array();
    for (const HeardRequest& post : fake.heard("job-stream")) {
        const Json told_chunk = Json::parse(post.body);
        for (const Json& event : told_chunk["output"]["events"]) {
            if (event.contains("text")) words += event["text"];
            if (event.contains("result")) items.push_back(event["result"]);
        }
    }
    EXPECT_EQ(words, "a cat");
    ASSERT_EQ(items.size(), 1U);
    EXPECT_EQ(items[0]["caption"], "a cat");
    EXPECT_EQ(result("s")["output"]["results"][0]["caption"], "a cat");
}

TEST_F(JobRunnerTest, ABatchReportsProgressBeforeItsResultAndNeverAfter) {
    TakenJob taken = batch("b", {"a cat", "wait", "a dog"});
    runner.take_in(std::move(taken));
    fake.wait_for(1);
    captioner.open();
    wait_until_delivered();
    const std::vector<HeardRequest> posts = fake.heard("job-done");
    ASSERT_GE(posts.size(), 2U);
    EXPECT_EQ(Json::parse(posts.front().body)["status"], "IN_PROGRESS");
    EXPECT_EQ(Json::parse(posts.front().body)["output"]["count"], 3);
    EXPECT_TRUE(Json::parse(posts.back().body)["output"].contains("results"));
}

TEST_F(JobRunnerTest, AFilmIsAnsweredFrameByFrame) {
    runner.take_in(film("f", "twin"));
    wait_until_delivered();
    const Json output = result("f")["output"];
    EXPECT_EQ(output["descriptions"].dump(), R"(["twin","twin"])");
    EXPECT_EQ(output["timestamps"].dump(), "[0.0,1.0]");
    EXPECT_EQ(output["duplicates"].dump(), "[[1,0]]");
    EXPECT_EQ(output["video"]["duration"], 2.0);
}

TEST_F(JobRunnerTest, AFrameFailsAloneAndAFilmOfFailuresCountsAgainstTheModel) {
    runner.take_in(film("f", "bad"));
    wait_until_delivered();
    EXPECT_EQ(result("f")["output"]["failed_indices"].dump(), "[0,1]");
    for (const char* id : {"g", "h", "i"}) {
        EXPECT_EQ(deaths, 0);
        runner.take_in(film(id, "fail"));
        wait_until_delivered();
    }
    EXPECT_EQ(deaths, 1);
}

TEST_F(JobRunnerTest, AStreamedFilmSendsEachFrameWithItsTime) {
    runner.take_in(film("f", "a cat", true));
    wait_until_delivered();
    Json frames = Json::array();
    for (const HeardRequest& post : fake.heard("job-stream")) {
        const Json told_chunk = Json::parse(post.body);
        for (const Json& event : told_chunk["output"]["events"]) frames.push_back(event);
    }
    ASSERT_EQ(frames.size(), 2U);
    EXPECT_EQ(frames[1]["index"], 1);
    EXPECT_EQ(frames[1]["result"]["timestamp"], 1.0);
    EXPECT_EQ(frames[1]["result"]["caption"], "a cat");
    EXPECT_EQ(result("f")["output"]["count"], 2);
}

TEST_F(JobRunnerTest, AStreamedFilmWithOneAnswerSendsItPieceByPiece) {
    TakenJob whole = film("f", "a cat", true);
    whole.request->film->options.together = true;
    runner.take_in(std::move(whole));
    wait_until_delivered();
    std::string pieces;
    for (const HeardRequest& post : fake.heard("job-stream")) {
        const Json told_chunk = Json::parse(post.body);
        for (const Json& event : told_chunk["output"]["events"]) pieces += event.value("text", "");
    }
    EXPECT_EQ(pieces, "a cat");
}

TEST_F(JobRunnerTest, AStoppedFilmIsAnsweredToo) {
    runner.take_in(film("f", "wait"));
    ASSERT_TRUE(book.stop({"f"}));
    wait_until_delivered();
    EXPECT_EQ(error_type(result("f")), "cancelled");
}

TEST_F(JobRunnerTest, AModelThatFailsThreeJobsInARowIsDeadAndTheWorkerAsksToBeReplaced) {
    runner.take_in(batch("b", {"fail", "fail", "fail", "fail"}));
    wait_until_delivered();
    runner.take_in(single("c", "fail"));
    wait_until_delivered();
    EXPECT_EQ(deaths, 0);
    runner.take_in(single("d", "fail"));
    wait_until_delivered();
    EXPECT_EQ(deaths, 1);
    EXPECT_EQ(result("d")["stopPod"], true);
}

TEST_F(JobRunnerTest, ALostGpuIsDeadAtOnceAndItsJobsMayBeSentAgain) {
    runner.take_in(batch("b", {"a cat", "lost"}));
    wait_until_delivered();
    EXPECT_EQ(deaths, 1);
    EXPECT_EQ(result("b")["stopPod"], true);
    runner.take_in(single("c", "lost"));
    wait_until_delivered();
    EXPECT_EQ(deaths, 1);
    EXPECT_EQ(error_type(result("c")), "device_lost");
}

TEST_F(JobRunnerTest, AGoodPictureBetweenFailuresKeepsTheModelAlive) {
    for (int i = 0; i < 4; ++i) {
        const std::string number = std::to_string(i);
        runner.take_in(single(("f" + number).c_str(), "fail"));
        wait_until_delivered();
        runner.take_in(single(("g" + number).c_str(), "a cat"));
        wait_until_delivered();
    }
    EXPECT_EQ(deaths, 0);
}

TEST_F(JobRunnerTest, AJobWhoseThreadDoesNotReturnIsHandedBackAndItsLateAnswerDropped) {
    captioner.deaf.shut();
    runner.take_in(single("j1", "deaf"));
    captioner.deaf.await();
    runner.say_shutting_down();
    book.stop_all();
    runner.hand_back();
    wait_until_delivered();
    EXPECT_EQ(error_type(result("j1")), "shutting_down");
    captioner.deaf.open();
}

struct JobRunnerPlacesTest : JobRunnerTest, ::testing::WithParamInterface<int> {
    static TakenJob by_address(TakenJob taken) {
        for (Item& item : taken.request->items)
            item.job->pictures.front().source = RemotePicture{"http://slow/"};
        return taken;
    }
};
INSTANTIATE_TEST_SUITE_P(JobRunner, JobRunnerPlacesTest, ::testing::Values(1, 2, 8));

TEST_P(JobRunnerPlacesTest, NoPlaceIsHeldByWhatIsFetched) {
    JobRunner some{captioner, outbox, book, fake.platform, {.threads = GetParam()}, {}};
    some.take_in(by_address(batch("b", std::vector<std::string>(64, "drip"))));
    while (captioner.fetches < 8) std::this_thread::yield();
    some.take_in(by_address(single("j", "a dog")));
    ASSERT_TRUE(book.wait_until(JobBook::Clock::now() + 30s, [](const JobBook::Held& now) {
        return now.jobs == 1 && now.undelivered == 0;
    }));
    EXPECT_EQ(result("j")["output"]["caption"], "a dog");
    EXPECT_TRUE(book.wait_until(JobBook::Clock::now(), [](const JobBook::Held& now) {
        return now.pictures == 8 && now.fetching == 8;
    }));
    EXPECT_EQ(captioner.calls, 1);
    captioner.let_drips_end();
    wait_until_delivered();
    EXPECT_EQ(result("b")["output"]["results"].size(), 64U);
    EXPECT_EQ(result("b")["output"]["failed"], 0);
    EXPECT_EQ(captioner.fetches, 65);
    EXPECT_TRUE(book.wait_until(JobBook::Clock::now(), [](const JobBook::Held& now) {
        return now.fetching == 0 && now.jobs == 0;
    }));
}

TEST_P(JobRunnerPlacesTest, AJobThatIsHandedBackWhileItIsFetchedIsAnsweredOnce) {
    JobRunner some{captioner, outbox, book, fake.platform, {.threads = GetParam()}, {}};
    some.take_in(by_address(batch("b", std::vector<std::string>(64, "drip"))));
    some.say_shutting_down();
    some.hand_back();
    captioner.let_drips_end();
    wait_until_delivered();
    EXPECT_EQ(error_type(result("b")), "shutting_down");
}

struct JobRunnerWithFolderTest : JobRunnerTest {
    const ScratchFolder scratch;
    ResultFolder folder = *ResultFolder::open(scratch.path(), "w2");
    ResultFolder::Adopted left() { return folder.adopt(); }
};

TEST_F(JobRunnerWithFolderTest, WhichJobsRunIsOnDiskAsLongAsTheyRun) {
    captioner.deaf.shut();
    {
        JobRunner marking{captioner, outbox, book, fake.platform, {.threads = 1, .folder = &folder}, {}};
        marking.take_in(single("j1", "deaf"));
        captioner.deaf.await();
        const auto suspects = left().suspects;
        ASSERT_EQ(suspects.size(), 1U);
        EXPECT_EQ(suspects.begin()->first.value, "j1");
        captioner.deaf.open();
        wait_until_delivered();
    }
    EXPECT_TRUE(left().suspects.empty());
}

TEST_F(JobRunnerWithFolderTest, AJobThatKilledAWorkerIsAnsweredAndNotRunAgain) {
    ASSERT_TRUE(folder.mark({"killer"}));
    {
        JobRunner next{captioner,
                       outbox,
                       book,
                       fake.platform,
                       {.threads = 1, .folder = &folder, .suspects = left().suspects},
                       {}};
        next.take_in(single("killer", "a cat"));
        next.take_in(single("innocent", "a dog"));
        wait_until_delivered();
    }
    EXPECT_EQ(error_type(result("killer")), "internal");
    EXPECT_EQ(result("innocent")["output"]["caption"], "a dog");
    EXPECT_EQ(captioner.calls, 1);
    EXPECT_TRUE(left().suspects.empty());
}

}  // namespace
}  // namespace vignette
