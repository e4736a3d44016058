#include "serve/ledger/sqlite_database.h"

#include <fcntl.h>
#include <sqlite3.h>

#include <cerrno>
#include <system_error>

#include "core/file_descriptor.h"

namespace vignette {
namespace {

constexpr int other_process_ms = 1'000;  // one that was killed just now may still be ending

std::string system_reason(int number) {
    return number == 0 ? std::string() : " (" + std::generic_category().message(number) + ")";
}

std::string explain_sqlite(int code, int system_error) {
    switch (code & 0xff) {
        case SQLITE_FULL: return "the disk is full; free some space";
        case SQLITE_BUSY:
        case SQLITE_LOCKED: return "another process is using it; give each server a file of its own";
        case SQLITE_NOTADB:
        case SQLITE_CORRUPT:
            return "it is damaged or not an SQLite database; move it away together with the file of that "
                   "name "
                   "and -wal, or name another one";
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_CANTOPEN:
            return "it cannot be opened for writing" + system_reason(system_error) +
                   "; its folder must exist, and both must be writable";
        case SQLITE_IOERR:
            return "the disk reports an error" + system_reason(system_error) + "; check it and its quota";
        case SQLITE_NOMEM: return "there is not enough memory";
        default: return std::string("SQLite reports: ") + sqlite3_errstr(code);
    }
}

std::unexpected<Error> failed(sqlite3* database, int code) {
    return fail(ErrorCode::unavailable, explain_sqlite(code, sqlite3_system_errno(database)));
}

}  // namespace

void SqliteStatement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Result<void> SqliteStatement::run(std::initializer_list<Value> values) {
    sqlite3_stmt* const statement = statement_.get();
    sqlite3_reset(statement);
    int place = 0;
    for (const Value& value : values) {
        ++place;
        int code = SQLITE_OK;
        if (const auto* number = std::get_if<std::int64_t>(&value)) {
            code = sqlite3_bind_int64(statement, place, *number);
        } else {
            const auto text = std::get<std::string_view>(value);
            const char* const begin = text.empty() ? "" : text.data();  // null would be NULL
            code = sqlite3_bind_blob64(statement, place, begin, text.size(), SQLITE_STATIC);
        }
        if (code != SQLITE_OK) return failed(sqlite3_db_handle(statement), code);
    }
    const int code = sqlite3_step(statement);
    Result<void> result;
    if (code != SQLITE_DONE && code != SQLITE_ROW) result = failed(sqlite3_db_handle(statement), code);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);  // what was bound belongs to the caller
    return result;
}

Result<bool> SqliteStatement::step() {
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return failed(sqlite3_db_handle(statement_.get()), code);
}

std::int64_t SqliteStatement::number(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}

std::string SqliteStatement::bytes(int column, std::size_t spare) const {
    const void* const begin = sqlite3_column_blob(statement_.get(), column);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
    std::string copy;
    copy.reserve(size + spare);
    if (begin != nullptr) copy.assign(static_cast<const char*>(begin), size);
    return copy;
}

void SqliteDatabase::Close::operator()(sqlite3* database) const { sqlite3_close(database); }

Result<SqliteDatabase> SqliteDatabase::open(const std::string& path) {
    // The files that SQLite adds get the permissions of this one.
    constexpr int owner_only = 0600;
    const FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, owner_only));
    if (!file) return fail(ErrorCode::unavailable, explain_sqlite(SQLITE_CANTOPEN, errno));
    SqliteDatabase database;
    sqlite3* opened = nullptr;
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    const int code = sqlite3_open_v2(path.c_str(), &opened, flags, nullptr);
    database.database_.reset(opened);
    if (code != SQLITE_OK) return failed(opened, code);
    sqlite3_busy_timeout(opened, other_process_ms);
    return database;
}

Result<void> SqliteDatabase::execute(const char* sql) {
    const int code = sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return failed(database_.get(), code);
    return {};
}

Result<SqliteStatement> SqliteDatabase::prepare(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    const int code =
        sqlite3_prepare_v3(database_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) return failed(database_.get(), code);
    return SqliteStatement(statement);
}

Result<std::int64_t> SqliteDatabase::number(const char* sql) {
    SqliteStatement statement = TRY(prepare(sql));
    return TRY(statement.step()) ? statement.number(0) : 0;
}

Result<std::string> SqliteDatabase::text(const char* sql) {
    SqliteStatement statement = TRY(prepare(sql));
    return TRY(statement.step()) ? statement.bytes(0) : std::string();
}

void SqliteDatabase::roll_back() {
    if (sqlite3_get_autocommit(database_.get()) == 0)
        sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

}  // namespace vignette
