// A request to a trusted party and its response. Values.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "vignette/bytes.h"
#include "vignette/error.h"

namespace vignette {

enum class HttpMethod { get, post };

// Of a post nothing but the status matters: once that has come, a body that is huge, cut off or slow changes
// nothing, and is discarded.
enum class Wanted { body, status };

struct HttpRequest {
    HttpMethod method = HttpMethod::get;
    std::string url;
    std::vector<std::string> headers;  // "Name: value"
    SharedText body;                   // shared with whoever keeps it for a retry
    std::chrono::milliseconds timeout{30'000};
    std::chrono::steady_clock::time_point not_before{};  // so that a retry needs no thread to wait
    std::size_t response_bytes_max = 64 * KiB;
    Wanted wanted = Wanted::body;
};

struct HttpResponse {
    int status = 0;
    std::string body;                    // with 64 bytes to spare where its length was announced
    std::chrono::seconds retry_after{};  // 0: not said
};

// Called once, with the response or with the reason why there is none.
using HttpDone = std::function<void(Result<HttpResponse>)>;

}  // namespace vignette
