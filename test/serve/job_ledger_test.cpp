// The file that jobs are written to: what is found again, and what is refused.
#include "serve/ledger/job_ledger.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <tuple>

#include "fakes/scratch_folder.h"

namespace vignette {
namespace {

using namespace std::chrono_literals;

WallTime at(std::int64_t ms) { return WallTime(std::chrono::milliseconds(ms)); }

JobRow job(const std::string& id, std::size_t padding = 0) {
    return {
        .id = id,
        .submitted = Submitted::to_wait,
        .tenant = std::string("\0\xff key", 6),
        .expires = at(99),
        .body = PaddedText(R"({"input":")" + std::string(padding, 'x') + "\"}"),
        .facts = {.queued = at(5)},
    };
}

struct Ledger {
    explicit Ledger(const std::filesystem::path& path) : opened(JobLedger::open(path)) {}

    Result<void> write(LedgerChange change) const {
        std::promise<Result<void>> written;
        (*opened)->write(std::move(change), [&](const Result<void>& result) { written.set_value(result); });
        return written.get_future().get();
    }
    std::vector<JobRow> found() const { return (*opened)->take_found(); }
    std::string refusal() const { return opened ? "" : opened.error().message; }

    Result<std::unique_ptr<JobLedger>> opened;
};

class LedgerTest : public testing::Test {
protected:
    std::filesystem::path file() const { return folder.path() / "jobs.db"; }
    std::vector<JobRow> reopened() const { return Ledger(file()).found(); }
    void run_sql(const char* sql) const {
        SqliteDatabase database = SqliteDatabase::open(file().string()).value();
        ASSERT_TRUE(database.execute(sql));
    }

    ScratchFolder folder;
};

TEST_F(LedgerTest, AJobIsFoundAgainAsItWas) {
    {
        const Ledger ledger(file());
        EXPECT_TRUE(ledger.found().empty());
        EXPECT_TRUE(ledger.write(job("a")));
        EXPECT_TRUE(ledger.write(job("b")));
    }
    const std::vector<JobRow> rows = reopened();
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].id, "a");
    EXPECT_EQ(rows[1].id, "b");
    EXPECT_EQ(rows[0].tenant, job("a").tenant);
    EXPECT_EQ(rows[0].submitted, Submitted::to_wait);
    EXPECT_EQ(rows[0].expires, at(99));
    EXPECT_EQ(rows[0].body->view(), R"({"input":""})");
    EXPECT_EQ(rows[0].facts.state, JobState::in_queue);
    EXPECT_EQ(rows[0].facts.queued, at(5));
}

TEST_F(LedgerTest, TheFileIsForItsOwnerOnly) {
    const Ledger ledger(file());
    ASSERT_TRUE(ledger.write(job("a")));
    for (const char* end : {"", "-wal"}) {
        struct stat facts{};
        ASSERT_EQ(stat((file().string() + end).c_str(), &facts), 0) << end;
        EXPECT_EQ(facts.st_mode & 0777U, 0600U) << end;
    }
}

TEST_F(LedgerTest, WhatChangesIsFoundAndTheInputGoesWithTheLastNeedOfIt) {
    const auto ended = [](const char* id, bool keeps_input, bool owes_webhook) {
        return ChangedJob{
            .id = id,
            .facts =
                {.state = JobState::failed,
                 .attempt = 2,
                 .crashes = 1,
                 .started = at(6),
                 .ended = at(7),
                 .output_json = "[1]",
                 .error = "why",
                 .keeps_input = keeps_input,
                 .owes_webhook = owes_webhook}
        };
    };
    {
        const Ledger ledger(file());
        for (const char* id : {"kept", "owed", "paid", "dropped", "other attempt", "none", "forgotten"})
            ASSERT_TRUE(ledger.write(job(id)));
        ASSERT_TRUE(ledger.write(ended("kept", true, true)));
        for (const char* id : {"owed", "paid", "other attempt"})
            ASSERT_TRUE(ledger.write(ended(id, false, true)));
        ASSERT_TRUE(ledger.write(ended("dropped", true, false)));
        ASSERT_TRUE(ledger.write(ended("none", false, false)));
        ASSERT_TRUE(ledger.write(DeliveredWebhook{.id = "kept", .attempt = 2}));
        ASSERT_TRUE(ledger.write(DeliveredWebhook{.id = "paid", .attempt = 2}));
        ASSERT_TRUE(ledger.write(DeliveredWebhook{.id = "other attempt", .attempt = 1}));
        ASSERT_TRUE(ledger.write(DroppedInput{.id = "dropped"}));
        ASSERT_TRUE(ledger.write(ForgottenJob{.id = "forgotten"}));
        ASSERT_TRUE(ledger.write(ForgottenJob{.id = "unknown"}));
    }
    std::vector<std::string> told;
    for (const JobRow& row : reopened()) {
        told.push_back(row.id + (row.body ? " body" : "") + (row.facts.owes_webhook ? " owes" : ""));
        EXPECT_EQ(row.facts.state, JobState::failed);
        EXPECT_EQ(row.facts.attempt, 2);
        EXPECT_EQ(row.facts.crashes, 1);
        EXPECT_EQ(row.facts.started, at(6));
        EXPECT_EQ(row.facts.ended, at(7));
        EXPECT_EQ(row.facts.output_json, "[1]");
        EXPECT_EQ(row.facts.error, "why");
    }
    const std::vector<std::string> expected{"kept body", "owed body owes",          "paid",
                                            "dropped",   "other attempt body owes", "none"};
    EXPECT_EQ(told, expected);
}

TEST_F(LedgerTest, TheFileDoesNotGrowWithForgottenJobs) {
    const Ledger ledger(file());
    const auto round = [&] {
        for (int i = 0; i < 8; ++i) ASSERT_TRUE(ledger.write(job(std::to_string(i), MiB)));
        for (int i = 0; i < 8; ++i) ASSERT_TRUE(ledger.write(ForgottenJob{.id = std::to_string(i)}));
    };
    for (int i = 0; i < 5; ++i) round();
    EXPECT_LT(std::filesystem::file_size(file()), 16 * MiB);
}

TEST_F(LedgerTest, ASecondProcessIsRefused) {
    const Ledger first(file());
    EXPECT_TRUE(Ledger(file()).refusal().contains("another process is using it"));
    EXPECT_TRUE(first.write(job("a")));
}

TEST_F(LedgerTest, WhatIsNotALedgerIsRefusedAndLeftAlone) {
    const std::string text(10'000, 'x');
    folder.write("jobs.db", text);
    EXPECT_TRUE(Ledger(file()).refusal().contains("not an SQLite database"));
    EXPECT_EQ(std::filesystem::file_size(file()), text.size());
    std::filesystem::remove(file());
    run_sql("CREATE TABLE theirs (a)");
    EXPECT_TRUE(Ledger(file()).refusal().contains("belongs to another program"));
    EXPECT_TRUE(Ledger(folder.path() / "no" / "jobs.db").refusal().contains("its folder must exist"));
    EXPECT_TRUE(Ledger(folder.path()).refusal().contains("cannot be opened for writing"));
}

TEST_F(LedgerTest, AFileOfANewerVersionIsRefused) {
    ASSERT_TRUE(Ledger(file()).write(job("a")));
    run_sql("PRAGMA user_version = 2");
    EXPECT_TRUE(Ledger(file()).refusal().contains("newer version of Vignette"));
}

TEST_F(LedgerTest, ADamagedFileIsRefused) {
    {
        const Ledger ledger(file());
        for (int i = 0; i < 200; ++i) ASSERT_TRUE(ledger.write(job(std::to_string(i), 500)));
    }
    std::fstream damaged(file(), std::ios::in | std::ios::out | std::ios::binary);
    damaged.seekp(2 * 4'096);
    damaged << std::string(20 * 4'096, '\x7f');
    damaged.close();
    EXPECT_TRUE(Ledger(file()).refusal().contains("damaged"));
    ASSERT_FALSE(Ledger(file()).opened);
}

// A limit on the size of files is what a full disk is, without root.
class FileSizeLimit {
public:
    explicit FileSizeLimit(rlim_t bytes) : ignored_(std::signal(SIGXFSZ, SIG_IGN)) {
        getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit less{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
        setrlimit(RLIMIT_FSIZE, &less);
    }
    ~FileSizeLimit() {
        setrlimit(RLIMIT_FSIZE, &before_);
        std::ignore = std::signal(SIGXFSZ, ignored_);
    }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;

private:
    rlimit before_{};
    void (*ignored_)(int);
};

TEST_F(LedgerTest, WhatDoesNotFitIsRefusedAndOtherChangesFollowOnceThereIsRoom) {
    {
        const Ledger ledger(file());
        ASSERT_TRUE(ledger.write(job("first")));
        {
            const FileSizeLimit limit(128 * KiB);
            const Result<void> refused = ledger.write(job("large", MiB));
            ASSERT_FALSE(refused);
            EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
            EXPECT_TRUE((*ledger.opened)->is_failing());
            EXPECT_TRUE(ledger.write(job("small")));  // its neighbours may still fit
            EXPECT_FALSE((*ledger.opened)->is_failing());
            ChangedJob large{.id = "first", .facts = {.state = JobState::completed}};
            large.facts.output_json = std::string(MiB, 'x');
            EXPECT_FALSE(ledger.write(large));
            EXPECT_FALSE(ledger.write(ForgottenJob{.id = "small"}));  // not before what came before it
        }
        EXPECT_TRUE(ledger.write(job("last")));
        EXPECT_FALSE((*ledger.opened)->is_failing());
    }
    const std::vector<JobRow> rows = reopened();
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].id, "first");
    EXPECT_EQ(rows[0].facts.state, JobState::completed);
    EXPECT_EQ(rows[0].facts.output_json.size(), MiB);
    EXPECT_EQ(rows[1].id, "last");
}

TEST_F(LedgerTest, EverythingSoFarIsWrittenBeforeItCloses) {
    {
        const Ledger ledger(file());
        for (int i = 0; i < 1'000; ++i) (*ledger.opened)->write(job(std::to_string(i)));
    }
    EXPECT_EQ(reopened().size(), 1'000U);
}

}  // namespace
}  // namespace vignette
