// Speaks HTTP with a party that is trusted: many requests at once over connections that are kept. libcurl.
//
// Any thread may start a request; one thread of the client's own does all of the talking and calls back. The
// destructor ends what is under way as cancelled and joins that thread.
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "net/client/http_message.h"
#include "vignette/error.h"

namespace vignette {

class CurlLoop;

// For a log: "status 503", or why there was no answer.
std::string summary(const Result<HttpResponse>& answer);

class HttpClient {
public:
    explicit HttpClient(std::string user_agent);
    ~HttpClient();
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    // Redirects are followed five times at most, those of a post only with its method and body (307, 308).
    // The header Authorization goes to no other host, port or scheme. A loop is answered with its last
    // status.
    //
    // `done` is called once, on the client's thread: everything else waits meanwhile. A requested stop ends
    // the request with `cancelled`, unless its answer has begun to arrive: that is read, with a deadline.
    void start(HttpRequest request, HttpDone done, std::stop_token stop = {});

    // The same, waiting. Not from within `done`.
    Result<HttpResponse> send(HttpRequest request, std::stop_token stop = {});

private:
    const std::string user_agent_;
    std::unique_ptr<CurlLoop> loop_;  // last member: its thread ends before the others die
};

}  // namespace vignette
