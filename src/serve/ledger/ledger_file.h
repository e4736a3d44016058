// The file of the ledger: its schema, and how jobs become rows and rows jobs. One thread at a time.
//
// Every write is on the disk, not only with the system, when it returns (synchronous=FULL): it outlives a
// power cut, too. Only one process can hold the file; it lets go of it however it ends.
#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include "serve/ledger/job_row.h"
#include "serve/ledger/sqlite_database.h"

namespace vignette {

class LedgerFile {
public:
    // Makes the file if there is none. Refuses what is not a whole ledger of this or an earlier version.
    static Result<LedgerFile> open(const std::filesystem::path& path);

    Result<std::vector<JobRow>> load();  // in the order they came

    // All of them or, after an error, none. What is said about an unknown job changes nothing.
    Result<void> write(std::span<const LedgerChange* const> changes);

    Result<void> probe();  // a write that changes nothing, and needs the disk as any other does

    // Gives some of the space of forgotten jobs back to the file system; the rest is used again.
    void shrink();

private:
    explicit LedgerFile(SqliteDatabase database) : database_(std::move(database)) {}

    Result<void> take_hold();
    Result<void> prepare();
    Result<void> write_all(std::span<const LedgerChange* const> changes);
    Result<void> write_one(const JobRow& row);
    Result<void> write_one(const ChangedJob& change);
    Result<void> write_one(const DroppedInput& change);
    Result<void> write_one(const DeliveredWebhook& change);
    Result<void> write_one(const ForgottenJob& change);

    SqliteDatabase database_;
    // After the database: finalized before it is closed.
    SqliteStatement begin_, commit_, add_, add_input_, change_, keep_no_input_, drop_input_, deliver_,
        forget_;
};

}  // namespace vignette
