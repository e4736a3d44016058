// SQLite, as far as we need it: its errors are values that say what to do. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "vignette/error.h"

struct sqlite3;
struct sqlite3_stmt;

namespace vignette {

class SqliteStatement {
public:
    using Value = std::variant<std::int64_t, std::string_view>;  // a text is written as a blob

    SqliteStatement() = default;  // of none

    // Runs it to its end; for statements that yield nothing.
    Result<void> run(std::initializer_list<Value> values);
    // True: there is another row, whose columns may be read until the next step.
    Result<bool> step();
    std::int64_t number(int column) const;
    // A copy, with so much capacity to spare.
    std::string bytes(int column, std::size_t spare = 0) const;

private:
    friend class SqliteDatabase;
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const;
    };
    explicit SqliteStatement(sqlite3_stmt* statement) : statement_(statement) {}

    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class SqliteDatabase {
public:
    // Makes the file if there is none, for its owner only.
    static Result<SqliteDatabase> open(const std::string& path);

    Result<void> execute(const char* sql);
    Result<SqliteStatement> prepare(const char* sql);
    Result<std::int64_t> number(const char* sql);  // the first column of the first row
    Result<std::string> text(const char* sql);
    void roll_back();  // if a transaction is open

private:
    struct Close {
        void operator()(sqlite3* database) const;
    };

    std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace vignette
