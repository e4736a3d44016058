#include "caption/cache/answer_folder.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "caption/cache/answer_bytes.h"
#include "caption/cache/answer_cache.h"
#include "fakes/scratch_folder.h"
#include "vignette/bytes.h"

namespace vignette {
namespace {

namespace fs = std::filesystem;

CacheKey key(int number) {
    KeyDigest digest;
    digest.add(number);
    return digest.finish();
}

Caption said(std::string text) {
    Caption made;
    made.text = std::move(text);
    return made;
}

// Each field with a value that no other has.
Caption full() {
    Caption made;
    made.task = Task::embed_and_caption;
    made.text = "a red circle";
    made.tags = {"red", "circle"};
    made.is_json = true;
    made.stopped_by = ".";
    made.alternatives = {{.text = "b", .score = -1, .finish = FinishReason::length, .tokens = 3}};
    made.prompt_tokens = 7;
    made.tokens = {TokenId{5}, TokenId{2}};
    made.return_tokens = true;
    made.logprobs = {-0.5F, -0.25F};
    made.token_texts = {"a", ""};
    made.confidence = {.mean = 0.5, .min = 0.25};
    made.score = -3;
    made.finish = FinishReason::loop;
    made.model.model = "model";
    made.model.seed = 8;
    made.embedding = {.values = {0.6F, 0.8F}, .format = VectorFormat::base64, .model = "m", .digest = "d"};
    made.images = {{.size = {2, 3}, .format = ImageFormat::raw, .path = PixelPath::half, .taken = "2026"}};
    made.warnings = {{.field = "input", .message = "hm"}};
    return made;
}

class AnswerFolderTest : public ::testing::Test {
protected:
    std::vector<fs::path> files() const {
        std::vector<fs::path> all;
        for (const fs::directory_entry& entry : fs::directory_iterator(scratch_.path()))
            all.push_back(entry.path());
        return all;
    }
    std::string content(const fs::path& file) const {
        std::ifstream stream(file, std::ios::binary);
        return {std::istreambuf_iterator<char>(stream), {}};
    }
    void overwrite(const fs::path& file, const std::string& text) const {
        std::ofstream(file, std::ios::binary) << text;
    }
    AnswerFolder open(std::size_t bytes_max = 1 * MiB) const { return {scratch_.path(), bytes_max}; }

    ScratchFolder scratch_;
};

TEST_F(AnswerFolderTest, AnAnswerOutlivesWhoKeptItWithAllItsFields) {
    open().keep(key(1), full());
    AnswerFolder folder = open();
    const std::optional<Caption> found = folder.find(key(1));
    ASSERT_TRUE(found);
    EXPECT_EQ(to_bytes(*found), to_bytes(full()));
    EXPECT_EQ(found->tags, full().tags);
    EXPECT_EQ(found->model, full().model);
    EXPECT_EQ(found->images, full().images);
    EXPECT_EQ(found->embedding->values, full().embedding->values);
    EXPECT_FALSE(folder.find(key(2)));
    EXPECT_EQ(files().size(), 1U);
}

TEST_F(AnswerFolderTest, AFileThatIsCutOrChangedOrElsewhereIsAMissAndIsRemoved) {
    AnswerFolder folder = open();
    folder.keep(key(1), full());
    const fs::path file = files().at(0);
    const std::string whole = content(file);
    for (std::size_t length = 0; length < whole.size(); length += 7) {
        overwrite(file, whole.substr(0, length));
        EXPECT_FALSE(folder.find(key(1))) << length;
        EXPECT_FALSE(fs::exists(file));
    }
    for (std::size_t at = 0; at < whole.size(); at += 5) {
        std::string changed = whole;
        changed[at] = static_cast<char>(changed[at] ^ 1);
        overwrite(file, changed);
        EXPECT_FALSE(folder.find(key(1))) << at;
    }
    overwrite(file, whole + "x");
    EXPECT_FALSE(folder.find(key(1)));
    overwrite(file, whole);
    ASSERT_TRUE(folder.find(key(1)));
    folder.keep(key(2), full());
    for (const fs::path& one : files()) {
        if (one != file) fs::rename(file, one);
    }
    EXPECT_FALSE(folder.find(key(2))) << "somebody else's answer under this name";
    EXPECT_TRUE(files().empty());
}

TEST_F(AnswerFolderTest, WhatIsNoFileIsAMissAndNobodyHangs) {
    AnswerFolder folder = open();
    folder.keep(key(1), full());
    const fs::path file = files().at(0);
    fs::remove(file);
    ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
    EXPECT_FALSE(folder.find(key(1)));
    fs::remove(file);
    fs::create_symlink("/etc/passwd", file);
    EXPECT_FALSE(folder.find(key(1)));
}

TEST_F(AnswerFolderTest, ItsFilesAreBoundedAndWhatWasUsedLongestAgoGoes) {
    constexpr std::size_t most = 256 * KiB;
    AnswerFolder folder = open(most);
    overwrite(scratch_.path() / "notes.txt", "the operator's");
    for (int i = 0; i < 200; ++i) {
        folder.keep(key(i), said(std::string(3000, 'x')));
        EXPECT_TRUE(folder.find(key(0)));  // used just now
        EXPECT_LE(files().size() * 4096, most + 4096U);
    }
    EXPECT_TRUE(folder.find(key(199)));
    EXPECT_FALSE(folder.find(key(1)));
    EXPECT_TRUE(fs::exists(scratch_.path() / "notes.txt"));
    AnswerFolder smaller = open(64 * KiB);
    EXPECT_LE(files().size() * 4096, 68 * KiB) << "also of what others left";
    smaller.keep(key(300), said(std::string(65 * KiB, 'x')));
    EXPECT_FALSE(smaller.find(key(300)));
}

TEST_F(AnswerFolderTest, TwoMayShareIt) {
    AnswerFolder one = open();
    AnswerFolder other = open();
    one.keep(key(1), said("one"));
    other.keep(key(1), said("one"));
    other.keep(key(2), said("two"));
    EXPECT_EQ(other.find(key(1))->text, "one");
    EXPECT_EQ(one.find(key(2))->text, "two");
    EXPECT_EQ(files().size(), 2U);
}

TEST_F(AnswerFolderTest, AFullDiskCostsNothingButTheCache) {
    AnswerFolder folder = open();
    folder.keep(key(1), said("before"));
    rlimit usual{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &usual), 0);
    auto* const usual_handler = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit full_disk{.rlim_cur = 16, .rlim_max = usual.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &full_disk), 0);
    folder.keep(key(2), said("meanwhile"));
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &usual), 0);
    std::signal(SIGXFSZ, usual_handler);
    EXPECT_FALSE(folder.find(key(2)));
    EXPECT_EQ(folder.find(key(1))->text, "before");
    EXPECT_EQ(files().size(), 1U) << "nothing half written stays";
    folder.keep(key(2), said("after"));
    EXPECT_TRUE(folder.find(key(2)));
}

TEST_F(AnswerFolderTest, AFolderThatCannotBeUsedIsToldWithItsRemedy) {
    const fs::path inside = scratch_.path() / "a" / "b";
    EXPECT_TRUE(AnswerFolder::prepare(inside));
    EXPECT_TRUE(fs::is_empty(inside));
    overwrite(scratch_.path() / "file", "");
    for (const fs::path& bad :
         {scratch_.path() / "file", scratch_.path() / "file" / "c", fs::path("/proc/x")}) {
        const Result<void> prepared = AnswerFolder::prepare(bad);
        ASSERT_FALSE(prepared) << bad;
        EXPECT_EQ(prepared.error().code, ErrorCode::usage);
        EXPECT_NE(prepared.error().message.find("VIGNETTE_CACHE_FOLDER"), std::string::npos);
    }
}

TEST_F(AnswerFolderTest, TheCacheFindsInTheFolderWhatItsMemoryNeverHad) {
    const auto cache_over = [&](std::size_t bytes) {
        return AnswerCache(bytes, std::make_unique<AnswerFolder>(scratch_.path(), 1 * MiB));
    };
    Job job;
    const CacheKey asked = *cache_over(0).key_of(job, {}, "digest");
    job.tenant = "another";
    const CacheKey of_another = *cache_over(0).key_of(job, {}, "digest");
    cache_over(0).keep(asked, said("two"));
    AnswerCache later = cache_over(64 * KiB);
    const auto found = later.find(asked);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->text, "two");
    EXPECT_TRUE(found->cached);
    EXPECT_FALSE(later.find(of_another));
    fs::remove(files().at(0));
    EXPECT_TRUE(later.find(asked)) << "now it is in memory";
    EXPECT_EQ(later.use().hits, 2U);
    EXPECT_EQ(later.use().misses, 1U);
    EXPECT_GT(later.use().bytes, 0U);
}

}  // namespace
}  // namespace vignette
