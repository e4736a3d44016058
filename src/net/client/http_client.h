// Speaks HTTP with a party that is trusted: many requests at once over connections that are kept. libcurl.
//
// Any thread may start a request; one thread of the client's own does all of the talking and calls back. The
// destructor ends what is under way as cancelled and joins that thread.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "vignette/bytes.h"
#include "vignette/error.h"

namespace vignette {

class CurlLoop;

enum class HttpMethod { get, post };

struct HttpRequest {
    HttpMethod method = HttpMethod::get;
    std::string url;
    std::vector<std::string> headers;  // "Name: value"
    SharedText body;                   // shared with whoever keeps it for another try
    std::chrono::milliseconds timeout{30'000};
    std::chrono::steady_clock::time_point not_before{};  // so that a retry needs no thread to wait
    std::size_t response_bytes_max = 64 * KiB;
};

struct HttpResponse {
    int status = 0;
    std::string content_type;
    std::string body;                    // with 64 bytes to spare where its length was announced
    std::chrono::seconds retry_after{};  // 0: not said
};

// For a log: "status 503", or why there was no answer.
std::string told(const Result<HttpResponse>& answer);

class HttpClient {
public:
    using Done = std::function<void(Result<HttpResponse>)>;

    explicit HttpClient(std::string user_agent);
    ~HttpClient();
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    // `done` is called once, on the client's thread: everything else waits meanwhile. A requested stop ends
    // the request with `cancelled`, unless its answer has begun to arrive: that is read, with a deadline.
    void start(HttpRequest request, Done done, std::stop_token stop = {});

    // The same, waiting. Not from within `done`.
    Result<HttpResponse> send(HttpRequest request, std::stop_token stop = {});

private:
    const std::string user_agent_;
    std::unique_ptr<CurlLoop> loop_;  // last member: its thread ends before the others die
};

}  // namespace vignette
