#include "runpod/result_folder.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <fstream>

#include "fakes/scratch_folder.h"

namespace vignette::result_folder_test {
namespace {

namespace fs = std::filesystem;

ResultFolder open(const fs::path& parent, std::string_view worker = "w1") {
    Result<ResultFolder> folder = ResultFolder::open(parent, worker);
    EXPECT_TRUE(folder) << folder.error().message;
    return *std::move(folder);
}

// As if the disk were full: no file grows beyond a page.
class SmallFiles {
public:
    SmallFiles() {
        signal(SIGXFSZ, SIG_IGN);
        getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit small{.rlim_cur = 4096, .rlim_max = before_.rlim_max};
        setrlimit(RLIMIT_FSIZE, &small);
    }
    ~SmallFiles() { setrlimit(RLIMIT_FSIZE, &before_); }

private:
    rlimit before_{};
};

TEST(ResultFolder, WhatIsSavedIsFoundByTheNextStart) {
    const ScratchFolder scratch;
    const std::string body("{\"output\":\n\0}", 13);
    ASSERT_TRUE(open(scratch.path()).save({"job/1 \xFF"}, true, body));
    const std::vector<SavedResult> found = open(scratch.path()).adopt().results;
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].job.value, "job/1 \xFF");
    EXPECT_TRUE(found[0].streamed);
    EXPECT_EQ(ResultFolder::read_body(found[0].file), body);
    EXPECT_EQ(found[0].worker, "w1");
    EXPECT_LT(std::chrono::system_clock::now() - found[0].made, std::chrono::minutes(5));
}

TEST(ResultFolder, WhatIsForgottenIsGone) {
    const ScratchFolder scratch;
    ResultFolder folder = open(scratch.path());
    ResultFolder::forget(*folder.save({"a"}, false, "x"));
    EXPECT_TRUE(folder.adopt().results.empty());
}

TEST(ResultFolder, TheResultsOfADeadWorkerAreAdopted) {
    const ScratchFolder scratch;
    ASSERT_TRUE(open(scratch.path(), "dead").save({"a"}, false, "x"));
    ResultFolder alive = open(scratch.path(), "alive");
    ASSERT_EQ(alive.adopt().results.size(), 1U);
    EXPECT_TRUE(fs::exists(alive.adopt().results.at(0).file));
    EXPECT_TRUE(open(scratch.path(), "dead").adopt().results.empty());
}

TEST(ResultFolder, TheResultsOfALivingWorkerAreItsOwn) {
    const ScratchFolder scratch;
    ResultFolder other = open(scratch.path(), "other");
    ASSERT_TRUE(other.save({"a"}, false, "x"));
    EXPECT_TRUE(open(scratch.path(), "mine").adopt().results.empty());
    EXPECT_EQ(other.adopt().results.size(), 1U);
}

TEST(ResultFolder, WhatIsNotOursIsLeftAlone) {
    const ScratchFolder scratch;
    const fs::path photos = scratch.path() / "photos";
    const fs::path dead = scratch.path() / "worker-00";
    for (const fs::path& folder : {photos, dead}) {
        fs::create_directories(folder);
        std::ofstream(folder / "a.jpg") << "x";
    }
    EXPECT_TRUE(open(scratch.path()).adopt().results.empty());
    EXPECT_TRUE(fs::exists(photos / "a.jpg"));
    EXPECT_TRUE(fs::exists(dead / "a.jpg"));
    EXPECT_FALSE(fs::exists(photos / "lock"));
}

TEST(ResultFolder, TheFolderOfADeadWorkerGoes) {
    const ScratchFolder scratch;
    ASSERT_TRUE(open(scratch.path(), "dead").save({"a"}, false, "x"));
    std::ofstream(scratch.path() / "worker-64656164" / "1.result.part") << "half";
    ResultFolder alive = open(scratch.path(), "alive");
    EXPECT_EQ(alive.adopt().results.size(), 1U);
    EXPECT_FALSE(fs::exists(scratch.path() / "worker-64656164"));
}

TEST(ResultFolder, OneWorkerIdIsOneWorker) {
    const ScratchFolder scratch;
    const ResultFolder first = open(scratch.path());
    EXPECT_FALSE(ResultFolder::open(scratch.path(), "w1"));
}

TEST(ResultFolder, HalfAFileIsNoResult) {
    const ScratchFolder scratch;
    ResultFolder folder = open(scratch.path());
    const fs::path whole = *folder.save({"a"}, false, "x");
    fs::path part = whole;
    part += ".part";
    std::ofstream(part) << "vignette-result-2 whole 61 7731 1\n{\"out";
    std::ofstream(whole.parent_path() / "stranger.result") << "hello";
    EXPECT_EQ(folder.adopt().results.size(), 1U);
    EXPECT_FALSE(fs::exists(part));
}

TEST(ResultFolder, ResultsComeInTheOrderTheyWereSaved) {
    const ScratchFolder scratch;
    ResultFolder folder = open(scratch.path());
    for (int i = 0; i < 12; ++i) ASSERT_TRUE(folder.save({std::to_string(i)}, false, "x"));
    const std::vector<SavedResult> found = folder.adopt().results;
    ASSERT_EQ(found.size(), 12U);
    for (int i = 0; i < 12; ++i) EXPECT_EQ(found[static_cast<std::size_t>(i)].job.value, std::to_string(i));
}

TEST(ResultFolder, AFolderThatCannotBeMadeIsAnErrorWithARemedy) {
    const Result<ResultFolder> folder = ResultFolder::open("/proc/nowhere", "w1");
    ASSERT_FALSE(folder);
    EXPECT_NE(folder.error().message.find("VIGNETTE_OUTBOX"), std::string::npos);
}

TEST(ResultFolder, ADeadWorkersResultKeepsTheNameOfWhoWasGivenTheJob) {
    const ScratchFolder scratch;
    ASSERT_TRUE(open(scratch.path(), "dead").save({"a"}, false, "x"));
    EXPECT_EQ(open(scratch.path(), "alive").adopt().results.at(0).worker, "dead");
    EXPECT_EQ(open(scratch.path(), "third").adopt().results.at(0).worker, "dead");
}

TEST(ResultFolder, AJobThatRanWhenItsWorkerDiedIsASuspectUntilItsMarkIsForgotten) {
    const ScratchFolder scratch;
    ASSERT_TRUE(open(scratch.path(), "dead").mark({"killer"}));
    ResultFolder alive = open(scratch.path(), "alive");
    const auto suspects = alive.adopt().suspects;
    ASSERT_EQ(suspects.size(), 1U);
    EXPECT_EQ(suspects.begin()->first.value, "killer");
    EXPECT_EQ(alive.adopt().suspects.size(), 1U);
    ResultFolder::forget(suspects.begin()->second);
    EXPECT_TRUE(alive.adopt().suspects.empty());
}

TEST(ResultFolder, AJobWithAResultKilledNobody) {
    const ScratchFolder scratch;
    {
        ResultFolder dead = open(scratch.path(), "dead");
        ASSERT_TRUE(dead.mark({"done"}));
        ASSERT_TRUE(dead.save({"done"}, false, "x"));
    }
    const ResultFolder::Adopted left = open(scratch.path(), "alive").adopt();
    EXPECT_EQ(left.results.size(), 1U);
    EXPECT_TRUE(left.suspects.empty());
}

TEST(ResultFolder, AFolderThatDisappearsIsMadeAgain) {
    const ScratchFolder scratch;
    ResultFolder folder = open(scratch.path());
    fs::remove_all(scratch.path() / "worker-7731");
    ASSERT_TRUE(folder.save({"a"}, false, "x"));
    EXPECT_FALSE(ResultFolder::open(scratch.path(), "w1"));  // and locked
    EXPECT_EQ(folder.adopt().results.size(), 1U);
    fs::remove_all(scratch.path());
    EXPECT_TRUE(folder.mark({"a"}));
}

TEST(ResultFolder, AFullDiskIsAnError) {
    const ScratchFolder scratch;
    ResultFolder folder = open(scratch.path());
    const SmallFiles small;
    const Result<fs::path> saved = folder.save({"a"}, false, std::string(100'000, 'x'));
    ASSERT_FALSE(saved);
    EXPECT_EQ(saved.error().code, ErrorCode::unavailable);
    EXPECT_TRUE(folder.adopt().results.empty());
}

}  // namespace
}  // namespace vignette::result_folder_test
