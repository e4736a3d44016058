// One request on its way: a libcurl handle, and who may want it to stop. The loop's thread only.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

namespace vignette {

struct FreeCurl {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using CurlHandle = std::unique_ptr<CURL, FreeCurl>;
using CurlList = std::unique_ptr<curl_slist, FreeCurl>;

class Transfer {
public:
    using Clock = std::chrono::steady_clock;

    Transfer(std::stop_token stop, Clock::time_point not_before)
        : stop_(std::move(stop)), not_before_(not_before) {}
    virtual ~Transfer() = default;
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;

    Clock::time_point not_before() const { return not_before_; }
    bool stop_requested() const { return stop_.stop_requested(); }
    void wake_on_stop(std::function<void()> wake) { stop_callback_.emplace(stop_, std::move(wake)); }

    // Puts the request onto a handle; the handle comes back with release() after libcurl is done with it.
    void prepare(CurlHandle handle) {
        handle_ = std::move(handle);
        curl_easy_setopt(handle_.get(), CURLOPT_PRIVATE, static_cast<void*>(this));
        set_up(handle_.get());
    }
    CURL* handle() const { return handle_.get(); }
    CurlHandle release() {
        curl_easy_reset(handle_.get());  // keeps connections and name answers
        return std::move(handle_);
    }

    // How long it may still go on once a stop was requested; the past: not at all.
    virtual Clock::time_point stop_deadline() { return {}; }
    virtual void finish(CURLcode code) = 0;
    virtual void cancel() = 0;

protected:
    virtual void set_up(CURL* curl) = 0;

private:
    std::stop_token stop_;
    Clock::time_point not_before_;
    CurlHandle handle_;
    std::optional<std::stop_callback<std::function<void()>>> stop_callback_;
};

// The options of libcurl take C varargs: a wrong type there would not even warn.
inline void set(CURL* handle, CURLoption option, long value) { curl_easy_setopt(handle, option, value); }
inline void set(CURL* handle, CURLoption option, const char* value) {
    curl_easy_setopt(handle, option, value);
}
inline void set(CURL* handle, CURLoption option, void* value) { curl_easy_setopt(handle, option, value); }

}  // namespace vignette
