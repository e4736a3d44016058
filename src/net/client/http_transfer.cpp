#include "net/client/http_transfer.h"

#include <algorithm>
#include <charconv>
#include <exception>
#include <utility>

namespace vignette {
namespace {

constexpr std::chrono::milliseconds connect_timeout{10'000};
constexpr std::chrono::milliseconds rest_after_stop{2'000};
constexpr std::chrono::hours longest_retry_after{1};
constexpr long redirects_max = 5;
constexpr std::size_t discarded_bytes_max = 1 * MiB;
constexpr std::size_t simdjson_reads_beyond = 64;  // so that a body can be parsed in place

// "HTTP/1.1 200 OK": 200. 0 where it is no such line.
int status_of(std::string_view line) {
    constexpr std::string_view mark = "HTTP/";
    const std::size_t space = line.find(' ');
    if (!line.starts_with(mark) || space == std::string_view::npos) return 0;
    int status = 0;
    std::from_chars(line.data() + space + 1, line.data() + line.size(), status);
    return status;
}

// Only who has been asked can be slow to answer.
ErrorCode code_of(CURL* handle, CURLcode code) {
    curl_off_t asked_after = 0;
    curl_easy_getinfo(handle, CURLINFO_PRETRANSFER_TIME_T, &asked_after);
    const bool waited = code == CURLE_OPERATION_TIMEDOUT && asked_after > 0;
    return waited ? ErrorCode::too_slow : ErrorCode::unreachable;
}

}  // namespace

HttpTransfer::HttpTransfer(
    HttpRequest request, const std::string& user_agent, HttpDone done, std::stop_token stop
)
    : Transfer(std::move(stop), request.not_before),
      request_(std::move(request)),
      user_agent_(user_agent),
      done_(std::move(done)) {}

void HttpTransfer::set_up(CURL* curl) {
    set(curl, CURLOPT_URL, request_.url.c_str());
    set(curl, CURLOPT_USERAGENT, user_agent_.c_str());
    set(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    set(curl, CURLOPT_REDIR_PROTOCOLS_STR, request_.url.starts_with("https:") ? "https" : "http,https");
    set(curl, CURLOPT_FOLLOWLOCATION, 1L);
    set(curl, CURLOPT_MAXREDIRS, redirects_max);
    set(curl, CURLOPT_NOSIGNAL, 1L);
    set(curl, CURLOPT_QUICK_EXIT, 1L);  // never wait for a name server that does not answer
    // A connection each: with HTTP/2 all would share one, and outwait their timeouts on it when it is dead.
    set(curl, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(curl, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    set(curl, CURLOPT_TCP_KEEPALIVE, 1L);
    set(curl, CURLOPT_BUFFERSIZE, 256L * 1024);
    set(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(connect_timeout.count()));
    set(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(request_.timeout.count()));
    set(curl, CURLOPT_ERRORBUFFER, static_cast<void*>(reason_));
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &HttpTransfer::receive);
    set(curl, CURLOPT_WRITEDATA, this);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &HttpTransfer::receive_header);
    set(curl, CURLOPT_HEADERDATA, this);

    curl_slist* headers = nullptr;
    for (const std::string& header : request_.headers) headers = curl_slist_append(headers, header.c_str());
    set(curl, CURLOPT_ACCEPT_ENCODING, "");                    // what comes packed unasked is unpacked,
    headers = curl_slist_append(headers, "Accept-Encoding:");  // but nobody is asked to pack
    if (request_.method == HttpMethod::post) {
        headers = curl_slist_append(headers, "Expect:");  // asking first costs a round trip
        curl_easy_setopt(
            curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.view().size())
        );
        // libcurl reads the body in place; an empty view may have no address, and null means "ask me"
        set(curl, CURLOPT_POSTFIELDS, request_.body.view().empty() ? "" : request_.body.view().data());
    }
    headers_.reset(headers);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
}

std::size_t HttpTransfer::receive_header(char* data, std::size_t size, std::size_t count, void* self) {
    static_cast<HttpTransfer*>(self)->read_head({data, size * count});
    return size * count;
}

void HttpTransfer::read_head(std::string_view line) {
    answer_has_begun_ = true;
    if (const int status = status_of(line); status != 0) {
        status_ = status;
        head_is_whole_ = false;
        const bool keeps_method = request_.method == HttpMethod::get || status == 307 || status == 308;
        set(handle(), CURLOPT_FOLLOWLOCATION, keeps_method ? 1L : 0L);  // libcurl would go on with a GET
    } else if (line == "\r\n" || line == "\n") {
        head_is_whole_ = true;
    }
}

std::size_t HttpTransfer::receive(char* data, std::size_t size, std::size_t count, void* self) {
    const std::size_t bytes = size * count;
    return static_cast<HttpTransfer*>(self)->append(data, bytes) ? bytes : 0;
}

bool HttpTransfer::append(const char* data, std::size_t bytes) {
    if (request_.wanted == Wanted::status) return (discarded_ += bytes) <= discarded_bytes_max;
    std::string& body = response_.body;
    if (bytes > request_.response_bytes_max - body.size()) {
        too_large_ = true;
        return false;
    }
    try {
        curl_off_t announced = -1;
        curl_easy_getinfo(handle(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
        if (body.empty() && announced > 0 && std::cmp_less_equal(announced, request_.response_bytes_max)) {
            body.reserve(static_cast<std::size_t>(announced) + simdjson_reads_beyond);
        }
        body.append(data, bytes);
    } catch (const std::exception&) {  // no exception may pass through libcurl
        too_large_ = true;
        return false;
    }
    return true;
}

Transfer::Clock::time_point HttpTransfer::stop_deadline() {
    if (!answer_has_begun_) return {};
    if (!stop_deadline_) stop_deadline_ = Clock::now() + rest_after_stop;
    return *stop_deadline_;
}

// The transfer has failed, but what was asked has been answered.
bool HttpTransfer::is_judged(CURLcode code) const {
    if (code == CURLE_TOO_MANY_REDIRECTS) return true;
    return request_.wanted == Wanted::status && head_is_whole_ && status_ >= 200 && status_ / 100 != 3;
}

Result<HttpResponse> HttpTransfer::outcome(CURLcode code) {
    if (too_large_) {
        return fail(
            ErrorCode::too_large,
            "the answer has more than " + std::to_string(request_.response_bytes_max) + " bytes"
        );
    }
    if (code == CURLE_OK && !head_is_whole_) {
        return fail(ErrorCode::unreachable, "the connection ended within the head of the answer");
    }
    if (code != CURLE_OK && !is_judged(code)) {
        return fail(code_of(handle(), code), reason_[0] != '\0' ? reason_ : curl_easy_strerror(code));
    }
    long status = 0;
    curl_easy_getinfo(handle(), CURLINFO_RESPONSE_CODE, &status);
    response_.status = static_cast<int>(status);
    curl_off_t retry_after = 0;
    curl_easy_getinfo(handle(), CURLINFO_RETRY_AFTER, &retry_after);
    response_.retry_after = std::clamp<std::chrono::seconds>(
        std::chrono::seconds(retry_after), std::chrono::seconds{0}, longest_retry_after
    );
    return std::move(response_);
}

void HttpTransfer::finish(CURLcode code) { answer(outcome(code)); }

void HttpTransfer::cancel() { answer(fail(ErrorCode::cancelled, "the request was cancelled")); }

void HttpTransfer::answer(Result<HttpResponse> outcome) { std::exchange(done_, {})(std::move(outcome)); }

}  // namespace vignette
