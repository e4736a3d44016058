// A request of the trusted client on its way, and what has arrived of its answer. The loop's thread only.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "net/client/http_message.h"
#include "net/client/transfer.h"

namespace vignette {

class HttpTransfer final : public Transfer {
public:
    HttpTransfer(HttpRequest request, const std::string& user_agent, HttpDone done, std::stop_token stop);

    // An answer that has begun is read.
    Clock::time_point stop_deadline() override;
    void finish(CURLcode code) override;
    void cancel() override;

private:
    void set_up(CURL* curl) override;
    static std::size_t receive(char* data, std::size_t size, std::size_t count, void* self);
    static std::size_t receive_header(char* data, std::size_t size, std::size_t count, void* self);
    void read_head(std::string_view line);
    bool append(const char* data, std::size_t bytes);
    void answer(Result<HttpResponse> outcome);
    Result<HttpResponse> outcome(CURLcode code);
    bool is_judged(CURLcode code) const;

    HttpRequest request_;
    const std::string& user_agent_;
    HttpDone done_;
    CurlList headers_;
    HttpResponse response_;
    std::optional<Clock::time_point> stop_deadline_;
    bool answer_has_begun_ = false;
    int status_ = 0;              // of the last head that has begun
    bool head_is_whole_ = false;  // and ended
    std::size_t discarded_ = 0;
    bool too_large_ = false;
    char reason_[CURL_ERROR_SIZE] = {};
};

}  // namespace vignette
