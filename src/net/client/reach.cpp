#include "net/client/reach.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <stop_token>

#include "core/stop.h"
#include "net/client/transfer.h"

namespace vignette {
namespace {

constexpr int tries_max = 3;

Result<void> try_to_reach(const std::string& url, std::chrono::milliseconds timeout) {
    const CurlHandle curl(curl_easy_init());
    if (!curl) return fail(ErrorCode::unreachable, "libcurl has no memory left");
    std::array<char, CURL_ERROR_SIZE> reason{};
    curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl.get(), CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl.get(), CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
    curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, reason.data());
    const CURLcode code = curl_easy_perform(curl.get());
    if (code == CURLE_OK) return {};
    return fail(ErrorCode::unreachable, reason[0] != '\0' ? reason.data() : curl_easy_strerror(code));
}

}  // namespace

Result<void> reach(const std::string& url, std::chrono::milliseconds timeout) {
    const auto end = std::chrono::steady_clock::now() + timeout;
    Result<void> reached;
    for (int left = tries_max; left > 0; --left) {
        const auto rest =
            std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
        reached = try_to_reach(url, std::max(rest / left, std::chrono::milliseconds{1}));
        if (reached || left == 1) break;
        wait_for(std::min(std::chrono::milliseconds{200}, timeout / 10), std::stop_token{});
    }
    return reached;
}

}  // namespace vignette
