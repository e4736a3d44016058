// The port for fetching pictures and films by address. The implementation (net/) is safe against SSRF: it
// only reaches public addresses.
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
    std::size_t bytes_max = 0;  // of the content, decompressed
    JobId job;                  // the number of concurrent fetches per job is bounded
};

class Fetcher {
public:
    virtual ~Fetcher() = default;

    // Any thread; returns when the whole content has arrived, the fetch has failed, or `stop` is requested.
    // Errors: `invalid_input` (not an address), `forbidden_address`, `unreachable`, `too_slow`, `not_found`,
    // `refused`, `too_large`, `cancelled`. No error reveals an address that the client did not send itself.
    virtual Result<Bytes> fetch(const FetchRequest& request, std::stop_token stop) = 0;
};

}  // namespace vignette
