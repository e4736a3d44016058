#include "serve/ledger/job_ledger.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <variant>

#include "core/log.h"

namespace vignette {
namespace {

constexpr std::size_t group_max = 256;                   // changes in one commit
constexpr std::chrono::milliseconds probe_after{1'000};  // what could not be written

bool is_new_job(const LedgerChange& change) { return std::holds_alternative<JobRow>(change); }

std::unexpected<Error> about_file(const std::filesystem::path& path, const Error& error) {
    return fail(ErrorCode::unavailable, "cannot use the queue " + path.string() + ": " + error.message);
}

}  // namespace

Result<std::unique_ptr<JobLedger>> JobLedger::open(const std::filesystem::path& path) {
    Result<LedgerFile> file = LedgerFile::open(path);
    if (!file) return about_file(path, file.error());
    Result<std::vector<JobRow>> found = file->load();
    if (!found) return about_file(path, found.error());
    return std::make_unique<JobLedger>(*std::move(file), *std::move(found));
}

JobLedger::JobLedger(LedgerFile file, std::vector<JobRow> found)
    : file_(std::move(file)), found_(std::move(found)), thread_([this] { run(); }) {}

void JobLedger::write(LedgerChange change, Then then) {
    const MutexLock lock(mutex_);
    if (closing_) return;
    waiting_.push_back({std::move(change), std::move(then)});
    changed_.notify_one();
}

void JobLedger::close() {
    {
        const MutexLock lock(mutex_);
        closing_ = true;
        changed_.notify_one();
    }
    if (thread_.joinable()) thread_.join();
}

void JobLedger::run() {
    while (true) {
        std::vector<Entry> group = next_group(failing_ || !debts_.empty());
        const bool is_end = group.empty() && is_closing();
        if (!group.empty() || !debts_.empty()) {
            write_group(std::move(group));
        } else if (!is_end) {
            note_outcome(file_.probe());
        }
        if (is_end) return;
    }
}

bool JobLedger::is_closing() {
    const MutexLock lock(mutex_);
    return closing_ && waiting_.empty();
}

// Empty: the time has come to see whether the file can be written again, or the end.
std::vector<JobLedger::Entry> JobLedger::next_group(bool is_failing) {
    MutexLock lock(mutex_);
    const auto has_work = [this]() REQUIRES(mutex_) { return closing_ || !waiting_.empty(); };
    is_failing ? void(changed_.wait_for(lock, probe_after, has_work)) : changed_.wait(lock, has_work);
    if (waiting_.size() <= group_max) return std::exchange(waiting_, {});
    const auto end = waiting_.begin() + group_max;
    std::vector<Entry> group(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
    waiting_.erase(waiting_.begin(), end);
    return group;
}

void JobLedger::write_group(std::vector<Entry> group) {
    std::vector<const LedgerChange*> changes;
    changes.reserve(debts_.size() + group.size());
    for (const LedgerChange& debt : debts_) changes.push_back(&debt);
    for (const Entry& entry : group) changes.push_back(&entry.change);
    const Result<void> written = file_.write(changes);
    if (!written) return write_one_by_one(group);
    // What changes nothing, as about a job that was refused, is written even on a full disk.
    const bool needed_room = !debts_.empty() || std::ranges::any_of(group, [](const Entry& entry) {
        return is_new_job(entry.change);
    });
    if (needed_room) note_outcome(written);
    debts_.clear();
    const bool has_freed = std::ranges::any_of(group, [](const Entry& entry) {
        return std::holds_alternative<ForgottenJob>(entry.change);
    });
    for (Entry& entry : group)
        if (entry.then) entry.then({});
    if (has_freed) file_.shrink();
}

// A job too large for the space that is left must not take its neighbours with it. Other changes are written
// in their order or not at all: an older one must never overwrite a newer one.
void JobLedger::write_one_by_one(std::vector<Entry>& group) {
    Result<void> blocked;  // an error: nothing but new jobs is written
    Result<void> first;    // error
    const auto write_now = [this](const LedgerChange& change) {
        const LedgerChange* const one = &change;
        return file_.write({&one, 1});
    };
    std::vector<LedgerChange> left;
    std::vector<Result<void>> outcomes;
    for (LedgerChange& debt : debts_) {
        if (blocked) blocked = write_now(debt);
        if (!blocked) left.push_back(std::move(debt));
    }
    for (Entry& entry : group) {
        const bool is_new = is_new_job(entry.change);
        Result<void> written = is_new || blocked ? write_now(entry.change) : blocked;
        if (first && !written) first = written;
        if (!written && !is_new) {
            blocked = written;
            left.push_back(std::move(entry.change));
        }
        outcomes.push_back(std::move(written));
    }
    debts_ = std::move(left);
    note_outcome(blocked ? first : blocked);
    for (std::size_t i = 0; i < group.size(); ++i)
        if (group[i].then) group[i].then(outcomes[i]);
}

void JobLedger::note_outcome(const Result<void>& written) {
    if (failing_.exchange(!written) == !written) return;
    if (written) {
        log_info("the queue's file can be written again");
    } else {
        log_error("cannot write the queue's file, so new jobs are refused: " + written.error().message);
    }
}

}  // namespace vignette
