// Who may use the server: keys, of which only the SHA-256 is kept. Immutable, for any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/server/exchange.h"
#include "vignette/error.h"

namespace vignette {

class ApiKeys {
public:
    // Keys as they are, separated by commas, and the text of a file with one a line: a key, or `sha256:` and
    // the 64 digits of its hash; # begins a comment.
    static Result<ApiKeys> read(std::string_view list, std::string_view file);

    bool none() const { return hashes_.empty(); }

    // Whether the request carries one: `Authorization: Bearer KEY`, `Authorization: KEY` or `x-api-key: KEY`.
    // Without keys, everybody may.
    bool admit(const ServedRequest& request) const;

    // Who asks, as far as the key tells: its hash; empty without one.
    static std::string tenant_of(const ServedRequest& request);

private:
    Result<void> add(std::string_view key);

    std::vector<std::string> hashes_;  // 32 bytes each
};

}  // namespace vignette
