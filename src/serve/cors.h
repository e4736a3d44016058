// Which pages of other origins a browser lets read our answers (CORS). Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/server/exchange.h"
#include "vignette/error.h"

namespace vignette {

class Cors {
public:
    // Origins with commas between, or * for any; empty: none.
    static Result<Cors> read(std::string_view list);

    // What every answer to this request must say.
    std::vector<HttpField> fields_of(const ServedRequest& request) const;

    // The answer to a browser that asks first whether its page may ask. It carries no key.
    std::optional<ServedResponse> preflight(const ServedRequest& request) const;

private:
    bool off() const { return !any_ && origins_.empty(); }
    bool allows(std::string_view origin) const;

    bool any_ = false;
    std::vector<std::string> origins_;
};

}  // namespace vignette
