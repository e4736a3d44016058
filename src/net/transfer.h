// One request on its way: a libcurl handle and what has arrived so far. The client's thread only.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "net/http_client.h"

namespace vignette {

struct FreeCurl {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using CurlHandle = std::unique_ptr<CURL, FreeCurl>;

class Transfer {
public:
    using Clock = std::chrono::steady_clock;

    Transfer(HttpRequest request, HttpClient::Done done, std::stop_token stop);
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;

    Clock::time_point not_before() const { return request_.not_before; }
    bool stop_requested() const { return stop_.stop_requested(); }
    void wake_on_stop(std::function<void()> wake) { stop_callback_.emplace(stop_, std::move(wake)); }

    // Puts the request onto a handle; the handle comes back with release() after libcurl is done with it.
    void prepare(CurlHandle handle, const std::string& user_agent);
    CURL* handle() const { return handle_.get(); }
    CurlHandle release();

    bool answer_has_begun() const { return answer_has_begun_; }
    // How long an answer that has begun may still take once a stop was requested.
    Clock::time_point stop_deadline();

    void finish(CURLcode code);
    void cancel();

private:
    static std::size_t receive(char* data, std::size_t size, std::size_t count, void* self);
    static std::size_t hear_header(char* data, std::size_t size, std::size_t count, void* self);
    bool append(const char* data, std::size_t bytes);
    void answer(Result<HttpResponse> outcome);
    Result<HttpResponse> outcome(CURLcode code);

    HttpRequest request_;
    HttpClient::Done done_;
    std::stop_token stop_;
    CurlHandle handle_;
    std::unique_ptr<curl_slist, FreeCurl> headers_;
    HttpResponse response_;
    std::optional<Clock::time_point> stop_deadline_;
    bool answer_has_begun_ = false;
    bool too_large_ = false;
    char reason_[CURL_ERROR_SIZE] = {};
    std::optional<std::stop_callback<std::function<void()>>> stop_callback_;
};

}  // namespace vignette
