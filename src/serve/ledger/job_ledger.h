// The jobs in a file, so that those that were accepted outlive the process. What is to be written is taken
// from any thread at once; a thread of its own writes it, in the order it came, many changes with one commit.
//
// close() before what `then` refers to is destroyed.
#pragma once

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "core/mutex.h"
#include "serve/ledger/job_row.h"
#include "serve/ledger/ledger_file.h"

namespace vignette {

class JobLedger {
public:
    static Result<std::unique_ptr<JobLedger>> open(const std::filesystem::path& path);

    JobLedger(LedgerFile file, std::vector<JobRow> found);  // for open()
    ~JobLedger() { close(); }
    JobLedger(const JobLedger&) = delete;
    JobLedger& operator=(const JobLedger&) = delete;

    // What an earlier process has left, once.
    std::vector<JobRow> take_found() { return std::exchange(found_, {}); }

    // Never waits. `then`, which may be empty, is called on the ledger's thread once the change is on the
    // disk, or could not be written. A new job is then not written at all; any other change is tried again
    // until it is. After close() nothing is written or called.
    using Then = std::function<void(const Result<void>& written)>;
    void write(LedgerChange change, Then then = {});

    // Something could not be written, and nothing has been since: nothing new should be begun.
    bool is_failing() const { return failing_; }

    void close();  // after everything so far has been tried; waits

private:
    struct Entry {
        LedgerChange change;
        Then then;
    };

    void run();
    std::vector<Entry> next_group(bool is_failing);
    bool is_closing();
    void write_group(std::vector<Entry> group);
    void write_one_by_one(std::vector<Entry>& group);
    void note_outcome(const Result<void>& written);

    LedgerFile file_;                  // the thread's, once it runs
    std::vector<LedgerChange> debts_;  // the thread's: what could not be written, in order
    std::vector<JobRow> found_;
    std::atomic<bool> failing_ = false;
    Mutex mutex_;
    std::condition_variable_any changed_;
    std::vector<Entry> waiting_ GUARDED_BY(mutex_);
    bool closing_ GUARDED_BY(mutex_) = false;
    std::jthread thread_;  // last member
};

}  // namespace vignette
