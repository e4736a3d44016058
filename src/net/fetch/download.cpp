#include "net/fetch/download.h"

#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <exception>
#include <utility>

#include "core/ascii.h"
#include "net/fetch/resolver.h"

namespace vignette {
namespace {

constexpr long receive_buffer = 32L * 1024;  // so at most this much is read beyond the limit
constexpr std::size_t header_bytes_max = 64 * KiB;
constexpr std::size_t tag_bytes_max = 1 * KiB;
constexpr std::size_t bytes_of_no_use_max = 16 * KiB;  // read and dropped so that the connection can be kept

bool contains(std::string_view text, std::string_view word) {
    return ascii_lower(text).find(word) != std::string::npos;
}

// Errors for which a retry, or a new connection, may help.
bool is_of_the_moment(CURLcode code) {
    constexpr std::array of_the_moment{
        CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT, CURLE_SSL_CONNECT_ERROR,
        CURLE_GOT_NOTHING,          CURLE_SEND_ERROR,      CURLE_RECV_ERROR,
        CURLE_PARTIAL_FILE,         CURLE_HTTP2,           CURLE_HTTP2_STREAM,
    };
    return std::ranges::find(of_the_moment, code) != of_the_moment.end();
}

}  // namespace

DownloadTransfer::DownloadTransfer(DownloadRequest request, Done done, std::stop_token stop)
    : Transfer(std::move(stop), {}), request_(std::move(request)), done_(std::move(done)) {}

void DownloadTransfer::set_up(CURL* curl) {
    set_up_seals(curl);
    pin(curl);
    set(curl, CURLOPT_URL, to_text(request_.url).c_str());
    set(curl, CURLOPT_USERAGENT, request_.user_agent.c_str());
    set(curl, CURLOPT_NOSIGNAL, 1L);
    set(curl, CURLOPT_QUICK_EXIT, 1L);
    set(curl, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
    set(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(curl, CURLOPT_FRESH_CONNECT, request_.fresh_connection ? 1L : 0L);
    set(curl, CURLOPT_BUFFERSIZE, receive_buffer);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(request_.deadline - Clock::now());
    set(curl, CURLOPT_TIMEOUT_MS, std::max(1L, static_cast<long>(left.count())));  // 0 would mean no timeout
    set(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request_.connect_timeout.count()));
    set(curl, CURLOPT_LOW_SPEED_LIMIT, request_.bytes_per_s_min);
    set(curl, CURLOPT_LOW_SPEED_TIME, static_cast<long>(request_.slow_for_max.count()));
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &DownloadTransfer::receive);
    set(curl, CURLOPT_WRITEDATA, this);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &DownloadTransfer::receive_header);
    set(curl, CURLOPT_HEADERDATA, this);
    curl_slist* headers = curl_slist_append(nullptr, "Accept-Encoding: identity");
    for (const std::string& header : request_.headers) headers = curl_slist_append(headers, header.c_str());
    headers_.reset(headers);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    if (!request_.posted) return;
    const std::string_view body = request_.posted->view();
    set(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): its size was just given
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data());
}

// Keeps an untrusted address from reaching anything but a web server on the internet.
void DownloadTransfer::set_up_seals(CURL* curl) {
    set(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    set(curl, CURLOPT_FOLLOWLOCATION, 0L);  // each redirect is checked by the caller
    set(curl, CURLOPT_PROXY, "");  // whatever the environment says: a proxy would connect on our behalf
    set(curl, CURLOPT_NOPROXY, "*");
    set(curl, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, &DownloadTransfer::open_socket);
    set(curl, CURLOPT_OPENSOCKETDATA, this);
}

// Keeps libcurl from looking the name up itself. The + lets the pinned entry expire.
void DownloadTransfer::pin(CURL* curl) {
    if (request_.url.address) return;
    std::string line = "+" + request_.url.host + ":" + std::to_string(request_.url.port) + ":";
    for (const IpAddress& address : request_.approved) {
        if (!line.ends_with(':')) line += ',';
        const bool is_v6 = address.version == IpAddress::Version::six;
        line += is_v6 ? "[" + to_text(address) + "]" : to_text(address);
    }
    pins_.reset(curl_slist_append(nullptr, line.c_str()));
    curl_easy_setopt(curl, CURLOPT_RESOLVE, pins_.get());
}

// The second check: sees where libcurl really connects to.
curl_socket_t DownloadTransfer::open_socket(void* self, curlsocktype purpose, curl_sockaddr* address) {
    auto& transfer = *static_cast<DownloadTransfer*>(self);
    const std::optional<IpAddress> place = address_of_socket(&address->addr);
    const std::vector<IpAddress>& approved = transfer.request_.approved;
    const bool is_approved = place && std::ranges::find(approved, *place) != approved.end();
    if (purpose != CURLSOCKTYPE_IPCXN || !is_approved) {
        transfer.not_approved_ = true;
        return CURL_SOCKET_BAD;
    }
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

long DownloadTransfer::status() const {
    long status = 0;
    curl_easy_getinfo(handle(), CURLINFO_RESPONSE_CODE, &status);
    return status;
}

std::size_t DownloadTransfer::receive_header(char* data, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<DownloadTransfer*>(self);
    const std::size_t bytes = size * count;
    transfer.header_bytes_ += bytes;
    if (transfer.header_bytes_ > header_bytes_max) return 0;
    const bool is_end = bytes <= 2 && (data[0] == '\r' || data[0] == '\n');
    return is_end && !transfer.end_of_headers() ? 0 : bytes;
}

// False if the body need not be read.
bool DownloadTransfer::end_of_headers() {
    if (!brings_content()) return true;
    const std::string announced = header("content-length");
    std::uint64_t length = 0;
    const auto [end, error] = std::from_chars(announced.data(), announced.data() + announced.size(), length);
    if (error == std::errc::result_out_of_range || length > request_.bytes_max) {
        too_large_ = true;
        return false;
    }
    const std::string packing = header("content-encoding");
    damaged_ = Unpacker::is_packed(packing) && !Unpacker::is_readable(packing);
    if (damaged_) return false;
    if (Unpacker::is_packed(packing)) unpacker_.emplace();
    try {
        answer_.bytes.reserve(static_cast<std::size_t>(length));
    } catch (const std::exception&) {  // no exception may pass through libcurl
        too_large_ = true;
    }
    return !too_large_;
}

std::size_t DownloadTransfer::receive(char* data, std::size_t size, std::size_t count, void* self) {
    const std::size_t bytes = size * count;
    return static_cast<DownloadTransfer*>(self)->append(data, bytes) ? bytes : 0;
}

bool DownloadTransfer::append(const char* data, std::size_t bytes) {
    answer_.bytes_received += bytes;
    if (!brings_content()) {
        heard_enough_ = answer_.bytes_received > bytes_of_no_use_max;
        return !heard_enough_;
    }
    try {
        return keep(data, bytes);
    } catch (const std::exception&) {  // no exception may pass through libcurl
        too_large_ = true;
        return false;
    }
}

bool DownloadTransfer::keep(const char* data, std::size_t bytes) {
    Bytes& content = answer_.bytes;
    too_large_ = answer_.bytes_received > request_.bytes_max;
    if (too_large_) return false;
    if (unpacker_) {
        const Unpacked unpacked = unpacker_->feed(data, bytes, content, request_.bytes_max);
        too_large_ = unpacked == Unpacked::too_large;
        damaged_ = unpacked == Unpacked::damaged;
        return !too_large_ && !damaged_;
    }
    const std::size_t used = content.size();
    content.resize(used + bytes);
    std::memcpy(content.data() + used, data, bytes);
    return true;
}

std::string DownloadTransfer::header(const char* name) const {
    CURL* curl = handle();
    curl_header* found = nullptr;
    if (curl_easy_header(curl, name, 0, CURLH_HEADER, -1, &found) != CURLHE_OK) return {};
    return found->value;
}

Download DownloadTransfer::read_answer() {
    answer_.status = static_cast<int>(status());
    answer_.location = header("location");
    answer_.etag = header("etag");
    answer_.last_modified = header("last-modified");
    const std::string rules = header("cache-control");
    const std::size_t tag_bytes = std::max(answer_.etag.size(), answer_.last_modified.size());
    answer_.may_be_kept = tag_bytes > 0 && tag_bytes <= tag_bytes_max && !contains(rules, "no-store") &&
                          !contains(rules, "private") && header("vary") != "*" &&
                          !(answer_.etag.empty() && answer_.last_modified.empty());
    curl_off_t retry_after = 0;
    curl_easy_getinfo(handle(), CURLINFO_RETRY_AFTER, &retry_after);
    constexpr curl_off_t a_day = 86'400;
    answer_.retry_after = std::chrono::seconds(std::clamp<curl_off_t>(retry_after, 0, a_day));
    return std::move(answer_);
}

// In our own words: libcurl's messages reveal addresses that the client did not send.
Error DownloadTransfer::reason(CURLcode code) const {
    if (too_large_) {
        return {
            ErrorCode::too_large,
            "the content at the address exceeds the " + std::to_string(request_.bytes_max) +
                " bytes allowed; use a smaller file",
            {}
        };
    }
    if (not_approved_ && code == CURLE_COULDNT_CONNECT) {
        return {
            ErrorCode::forbidden_address, "the host's IP address changed during the fetch; try again", {}
        };
    }
    if (code == CURLE_OPERATION_TIMEDOUT) {
        curl_off_t asked_after = 0;  // a server that has not been asked yet cannot be slow
        curl_easy_getinfo(handle(), CURLINFO_PRETRANSFER_TIME_T, &asked_after);
        if (asked_after > 0) {
            return {ErrorCode::too_slow, "the server is too slow; try again, or send the picture itself", {}};
        }
    }
    if (code == CURLE_PEER_FAILED_VERIFICATION) {
        return {ErrorCode::refused, "the server's certificate is not valid; send the picture itself", {}};
    }
    if (damaged_ || code == CURLE_WRITE_ERROR) {
        return {ErrorCode::refused, "the server's answer cannot be read; send the picture itself", {}};
    }
    return {
        ErrorCode::unreachable, "the server cannot be reached, or closed the connection; try again later", {}
    };
}

void DownloadTransfer::finish(CURLcode code) {
    const Done done = std::exchange(done_, {});
    if (code == CURLE_OK && unpacker_ && !unpacker_->is_at_end()) damaged_ = true;
    const bool is_answer = !too_large_ && !damaged_ && (code == CURLE_OK || heard_enough_);
    if (is_answer) return done(read_answer());
    Error error = reason(code);
    const bool not_connected = code == CURLE_OPERATION_TIMEDOUT && error.code == ErrorCode::unreachable;
    const bool again = !too_large_ && !damaged_ && (is_of_the_moment(code) || not_connected);
    done(std::unexpected(DownloadFailure{std::move(error), again, answer_.bytes_received}));
}

void DownloadTransfer::cancel() {
    const Done done = std::exchange(done_, {});
    done(std::unexpected(
        DownloadFailure{{ErrorCode::cancelled, "the fetch was cancelled", {}}, false, answer_.bytes_received}
    ));
}

}  // namespace vignette
