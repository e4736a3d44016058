#include "runpod/result_folder.h"

#include <gtest/gtest.h>

#include <fstream>

#include "fakes/scratch_folder.h"

namespace vignette {
namespace {

namespace fs = std::filesystem;

ResultFolder open(const fs::path& parent, std::string_view worker = "w1") {
    Result<ResultFolder> folder = ResultFolder::open(parent, worker);
    EXPECT_TRUE(folder) << folder.error().message;
    return *std::move(folder);
}

TEST(ResultFolder, WhatIsSavedIsFoundByTheNextStart) {
    const ScratchFolder scratch;
    const std::string body("{\"output\":\n\0}", 13);
    ASSERT_TRUE(open(scratch.path()).save({"job/1 \xFF"}, true, body));
    const std::vector<SavedResult> found = open(scratch.path()).adopt();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].job.value, "job/1 \xFF");
    EXPECT_TRUE(found[0].streamed);
    EXPECT_EQ(found[0].body, body);
}

TEST(ResultFolder, WhatIsForgottenIsGone) {
    const ScratchFolder scratch;
    ResultFolder folder = open(scratch.path());
    ResultFolder::forget(*folder.save({"a"}, false, "x"));
    EXPECT_TRUE(folder.adopt().empty());
}

TEST(ResultFolder, TheResultsOfADeadWorkerAreAdopted) {
    const ScratchFolder scratch;
    ASSERT_TRUE(open(scratch.path(), "dead").save({"a"}, false, "x"));
    ResultFolder alive = open(scratch.path(), "alive");
    ASSERT_EQ(alive.adopt().size(), 1U);
    EXPECT_TRUE(fs::exists(alive.adopt().at(0).file));
    EXPECT_TRUE(open(scratch.path(), "dead").adopt().empty());
}

TEST(ResultFolder, TheResultsOfALivingWorkerAreItsOwn) {
    const ScratchFolder scratch;
    ResultFolder other = open(scratch.path(), "other");
    ASSERT_TRUE(other.save({"a"}, false, "x"));
    EXPECT_TRUE(open(scratch.path(), "mine").adopt().empty());
    EXPECT_EQ(other.adopt().size(), 1U);
}

TEST(ResultFolder, WhatIsNotOursIsLeftAlone) {
    const ScratchFolder scratch;
    const fs::path photos = scratch.path() / "photos";
    const fs::path dead = scratch.path() / "worker-00";
    for (const fs::path& folder : {photos, dead}) {
        fs::create_directories(folder);
        std::ofstream(folder / "a.jpg") << "x";
    }
    EXPECT_TRUE(open(scratch.path()).adopt().empty());
    EXPECT_TRUE(fs::exists(photos / "a.jpg"));
    EXPECT_TRUE(fs::exists(dead / "a.jpg"));
    EXPECT_FALSE(fs::exists(photos / "lock"));
}

TEST(ResultFolder, TheFolderOfADeadWorkerGoes) {
    const ScratchFolder scratch;
    ASSERT_TRUE(open(scratch.path(), "dead").save({"a"}, false, "x"));
    std::ofstream(scratch.path() / "worker-64656164" / "1.result.part") << "half";
    ResultFolder alive = open(scratch.path(), "alive");
    EXPECT_EQ(alive.adopt().size(), 1U);
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
    std::ofstream(part) << "vignette-result 1 whole 61\n{\"out";
    std::ofstream(whole.parent_path() / "stranger.result") << "hello";
    EXPECT_EQ(folder.adopt().size(), 1U);
    EXPECT_FALSE(fs::exists(part));
}

TEST(ResultFolder, ResultsComeInTheOrderTheyWereSaved) {
    const ScratchFolder scratch;
    ResultFolder folder = open(scratch.path());
    for (int i = 0; i < 12; ++i) ASSERT_TRUE(folder.save({std::to_string(i)}, false, "x"));
    const std::vector<SavedResult> found = folder.adopt();
    ASSERT_EQ(found.size(), 12U);
    for (int i = 0; i < 12; ++i) EXPECT_EQ(found[static_cast<std::size_t>(i)].job.value, std::to_string(i));
}

TEST(ResultFolder, AFolderThatCannotBeMadeIsAnErrorWithARemedy) {
    const Result<ResultFolder> folder = ResultFolder::open("/proc/nowhere", "w1");
    ASSERT_FALSE(folder);
    EXPECT_NE(folder.error().message.find("VIGNETTE_OUTBOX"), std::string::npos);
}

}  // namespace
}  // namespace vignette
