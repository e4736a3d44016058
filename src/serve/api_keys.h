// Who may ask: keys that clients send, known here only by their hashes. Any thread.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/server/exchange.h"
#include "serve/rate.h"
#include "vignette/error.h"

namespace vignette {

// Who may: everybody, who has a key, who has an admin's key (any key, where no admin's key is set).
enum class Access { open, key, admin };

struct KeyVerdict {
    enum class Kind { welcome, unknown, no_admin, too_often } kind = Kind::welcome;
    std::chrono::seconds wait{0};  // of too_often
};

class ApiKeys {
public:
    struct Texts {
        std::string_view list;  // keys with commas between
        // One a line: a key, or `sha256:` and the 64 digits of its hash; behind it `rate=60` for a limit of
        // its own. # begins a comment.
        std::string_view file;
    };
    // `per_minute`: requests of each client's key, or, without keys, of all clients together; 0: any number.
    static Result<ApiKeys> read(const Texts& clients, const Texts& admins = {}, int per_minute = 0);

    bool none() const { return !has_clients_; }
    bool no_admins() const { return !has_admins_; }

    // Of a request's key: `Authorization: Bearer KEY`, `Authorization: KEY` or `x-api-key: KEY`. Without
    // keys, everybody may. An admin may everything, at any rate.
    KeyVerdict admit(const ServedRequest& request, Access access) const;

    // Who asks, as far as the key tells: its hash; empty without one.
    static std::string tenant_of(const ServedRequest& request);

private:
    struct Key {
        std::string hash;  // 32 bytes
        bool admin = false;
        std::unique_ptr<Rate> rate;  // null: no limit
    };

    Result<void> add_all(std::string_view text, char separator, bool admin, int per_minute);
    Result<void> add(std::string_view line, bool admin, int per_minute);
    const Key* find(const ServedRequest& request) const;

    std::vector<Key> keys_;
    bool has_clients_ = false;
    bool has_admins_ = false;
    std::unique_ptr<Rate> everybody_;  // where there are no keys; null: no limit
};

}  // namespace vignette
