#include "serve/ledger/ledger_file.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

namespace vignette {
namespace {

constexpr std::int64_t our_application_id = 0x56674C31;  // "VgL1"
constexpr std::int64_t schema_version = 1;

// The input has a table of its own: a change of state must not write a large body again.
constexpr const char* schema = R"(
    CREATE TABLE jobs (
        number INTEGER PRIMARY KEY,
        id BLOB NOT NULL UNIQUE,
        submitted INTEGER NOT NULL,
        tenant BLOB NOT NULL,
        expires INTEGER NOT NULL,
        state BLOB NOT NULL,
        attempt INTEGER NOT NULL,
        crashes INTEGER NOT NULL,
        queued INTEGER NOT NULL,
        started INTEGER NOT NULL,
        ended INTEGER NOT NULL,
        output BLOB NOT NULL,
        error BLOB NOT NULL,
        keeps_input INTEGER NOT NULL,
        owes_webhook INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE inputs (
        number INTEGER PRIMARY KEY REFERENCES jobs (number) ON DELETE CASCADE,
        body BLOB NOT NULL
    ) STRICT;
    PRAGMA application_id = 1449610289;
    PRAGMA user_version = 1;
)";

constexpr std::array states{JobState::in_queue, JobState::in_progress, JobState::completed,
                            JobState::failed,   JobState::cancelled,   JobState::timed_out};

std::optional<JobState> state_named(std::string_view name) {
    for (const JobState state : states)
        if (to_text(state) == name) return state;
    return std::nullopt;
}

std::int64_t number_of(WallTime time) { return time.time_since_epoch().count(); }
std::int64_t number_of(bool flag) { return flag ? 1 : 0; }
WallTime time_of(std::int64_t number) {
    constexpr std::int64_t most = std::int64_t{1} << 62;  // whatever the file says: sums must not overflow
    return WallTime(std::chrono::nanoseconds(std::clamp<std::int64_t>(number, 0, most)));
}

std::unexpected<Error> foreign() {
    return fail(
        ErrorCode::unavailable, "it belongs to another program; name another file, which is then created"
    );
}

Result<JobRow> read_row(const SqliteStatement& row) {
    const std::optional<JobState> state = state_named(row.bytes(4));
    const std::int64_t submitted = row.number(1);
    if (!state || submitted < 0 || submitted > static_cast<std::int64_t>(Submitted::to_test))
        return fail(ErrorCode::unavailable, "a row of it makes no sense; move it away, or name another one");
    const bool keeps_input = row.number(12) != 0;
    const bool owes_webhook = row.number(13) != 0;
    std::optional<PaddedText> body;
    constexpr std::size_t padding = 64;  // of PaddedText
    if (keeps_input || owes_webhook || !is_final(*state)) body.emplace(row.bytes(14, padding));
    return JobRow{
        .id = row.bytes(0),
        .submitted = static_cast<Submitted>(submitted),
        .tenant = row.bytes(2),
        .expires = time_of(row.number(3)),
        .body = std::move(body),
        .facts{
            .state = *state,
            .attempt = static_cast<int>(row.number(5)),
            .crashes = static_cast<int>(row.number(6)),
            .queued = time_of(row.number(7)),
            .started = time_of(row.number(8)),
            .ended = time_of(row.number(9)),
            .output_json = row.bytes(10),
            .error = row.bytes(11),
            .keeps_input = keeps_input,
            .owes_webhook = owes_webhook,
        },
    };
}

}  // namespace

Result<LedgerFile> LedgerFile::open(const std::filesystem::path& path) {
    LedgerFile file(TRY(SqliteDatabase::open(path.string())));
    TRY(file.take_hold());
    TRY(file.prepare());
    return file;
}

// Looks before it changes anything: the file may be somebody else's.
Result<void> LedgerFile::take_hold() {
    TRY(database_.execute("PRAGMA locking_mode = EXCLUSIVE; PRAGMA foreign_keys = ON"));
    const std::int64_t owner = TRY(database_.number("PRAGMA application_id"));
    const std::int64_t version = TRY(database_.number("PRAGMA user_version"));
    const bool is_new = TRY(database_.number("SELECT count(*) FROM sqlite_schema")) == 0;
    if (is_new ? owner != 0 || version != 0 : owner != our_application_id) return foreign();
    if (version > schema_version) {
        return fail(
            ErrorCode::unavailable, "a newer version of Vignette has written it (schema " +
                                        std::to_string(version) + "; this one knows " +
                                        std::to_string(schema_version) +
                                        "); use that version, or name another file"
        );
    }
    TRY(database_.execute("PRAGMA auto_vacuum = INCREMENTAL"));  // before WAL and the first table
    if (TRY(database_.text("PRAGMA journal_mode = WAL")) != "wal") {
        return fail(
            ErrorCode::unavailable,
            "its file system cannot hold a write-ahead log; name a file on a local disk"
        );
    }
    // The log shrinks to this size again after a rush.
    TRY(database_.execute("PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 16777216; BEGIN IMMEDIATE")
    );
    if (is_new) TRY(database_.execute(schema));
    TRY(database_.execute("COMMIT"));
    if (TRY(database_.text("PRAGMA quick_check(1)")) != "ok")
        return fail(ErrorCode::unavailable, "it is damaged; move it away, or name another one");
    return {};
}

Result<void> LedgerFile::prepare() {
    struct Prepared {
        SqliteStatement& place;
        const char* sql;
    };
    const std::array all{
        Prepared{begin_, "BEGIN IMMEDIATE"},
        Prepared{commit_, "COMMIT"},
        Prepared{
            add_,
            "INSERT INTO jobs (id, submitted, tenant, expires, state, attempt, crashes, queued, started, "
            "ended, "
            "output, error, keeps_input, owes_webhook) "
            "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"
        },
        Prepared{add_input_, "INSERT INTO inputs (number, body) VALUES (last_insert_rowid(), ?1)"},
        Prepared{
            change_,
            "UPDATE jobs SET state = ?2, attempt = ?3, crashes = ?4, queued = ?5, started = ?6, ended = ?7, "
            "output = ?8, error = ?9, keeps_input = ?10, owes_webhook = ?11 WHERE id = ?1"
        },
        Prepared{keep_no_input_, "UPDATE jobs SET keeps_input = 0 WHERE id = ?1"},
        Prepared{
            drop_input_,
            "DELETE FROM inputs WHERE number = "
            "(SELECT number FROM jobs WHERE id = ?1 AND NOT keeps_input AND NOT owes_webhook)"
        },
        Prepared{deliver_, "UPDATE jobs SET owes_webhook = 0 WHERE id = ?1 AND attempt = ?2"},
        Prepared{forget_, "DELETE FROM jobs WHERE id = ?1"},
    };
    for (const auto& [place, sql] : all) place = TRY(database_.prepare(sql));
    return {};
}

Result<std::vector<JobRow>> LedgerFile::load() {
    SqliteStatement select = TRY(database_.prepare(
        "SELECT id, submitted, tenant, expires, state, attempt, crashes, queued, started, ended, output, "
        "error, "
        "keeps_input, owes_webhook, body FROM jobs LEFT JOIN inputs USING (number) ORDER BY number"
    ));
    std::vector<JobRow> rows;
    while (TRY(select.step())) rows.push_back(TRY(read_row(select)));
    return rows;
}

Result<void> LedgerFile::write(std::span<const LedgerChange* const> changes) {
    Result<void> written = write_all(changes);
    if (!written) database_.roll_back();
    return written;
}

Result<void> LedgerFile::write_all(std::span<const LedgerChange* const> changes) {
    TRY(begin_.run({}));
    for (const LedgerChange* change : changes)
        TRY(std::visit([this](const auto& one) { return write_one(one); }, *change));
    return commit_.run({});
}

Result<void> LedgerFile::write_one(const JobRow& row) {
    const JobFacts& facts = row.facts;
    TRY(add_.run(
        {row.id, static_cast<std::int64_t>(row.submitted), row.tenant, number_of(row.expires),
         to_text(facts.state), std::int64_t{facts.attempt}, std::int64_t{facts.crashes},
         number_of(facts.queued), number_of(facts.started), number_of(facts.ended), facts.output_json,
         facts.error, number_of(facts.keeps_input), number_of(facts.owes_webhook)}
    ));
    if (!row.body || !(facts.keeps_input || facts.owes_webhook)) return {};
    return add_input_.run({row.body->view()});
}

Result<void> LedgerFile::write_one(const ChangedJob& change) {
    const JobFacts& facts = change.facts;
    TRY(change_.run(
        {change.id, to_text(facts.state), std::int64_t{facts.attempt}, std::int64_t{facts.crashes},
         number_of(facts.queued), number_of(facts.started), number_of(facts.ended), facts.output_json,
         facts.error, number_of(facts.keeps_input), number_of(facts.owes_webhook)}
    ));
    return drop_input_.run({change.id});
}

Result<void> LedgerFile::write_one(const DroppedInput& change) {
    TRY(keep_no_input_.run({change.id}));
    return drop_input_.run({change.id});
}

Result<void> LedgerFile::write_one(const DeliveredWebhook& change) {
    TRY(deliver_.run({change.id, std::int64_t{change.attempt}}));
    return drop_input_.run({change.id});
}

Result<void> LedgerFile::write_one(const ForgottenJob& change) { return forget_.run({change.id}); }

Result<void> LedgerFile::probe() { return database_.execute("PRAGMA user_version = 1"); }

// An error here is no loss, and the next write meets it again.
void LedgerFile::shrink() {
    const Result<std::int64_t> free_pages = database_.number("PRAGMA freelist_count");
    const Result<std::int64_t> pages = database_.number("PRAGMA page_count");
    constexpr std::int64_t worthwhile = 1'024;
    if (!free_pages || !pages || *free_pages < worthwhile || *free_pages < *pages / 2) return;
    std::ignore = database_.execute("PRAGMA incremental_vacuum(1024)");
}

}  // namespace vignette
