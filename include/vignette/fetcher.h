// The port to pictures and films by address. What stands behind it (net/) lets nothing in that is not public.
#pragma once

#include <cstddef>
#include <stop_token>
#include <string>

#include "vignette/bytes.h"
#include "vignette/error.h"
#include "vignette/ids.h"

namespace vignette {

struct FetchRequest {
    std::string url;
    std::size_t bytes_max = 0;  // of the content, unpacked
    JobId job;                  // a job has a bounded number of fetches under way
};

class Fetcher {
public:
    virtual ~Fetcher() = default;

    // Any thread; returns when all of it is here, it has failed, or `stop` was requested. Errors:
    // `invalid_input` (no address), `forbidden_address`, `unreachable`, `too_slow`, `not_found`, `refused`,
    // `too_large`, `cancelled`. None tells an address that the client did not send itself.
    virtual Result<Bytes> fetch(const FetchRequest& request, std::stop_token stop) = 0;
};

}  // namespace vignette
