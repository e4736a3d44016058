// One request to an untrusted server, made only to IP addresses that were approved before. The loop's thread
// only.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "net/client/transfer.h"
#include "net/fetch/address_rules.h"
#include "net/fetch/unpack.h"
#include "net/fetch/url.h"
#include "vignette/bytes.h"
#include "vignette/error.h"

namespace vignette {

struct DownloadRequest {
    Url url;
    std::vector<IpAddress> approved;   // no other address is contacted
    std::vector<std::string> headers;  // "Name: value"
    std::string user_agent;
    std::size_t bytes_max = 0;  // of the content, both as transferred and unpacked
    std::chrono::steady_clock::time_point deadline;
    std::chrono::milliseconds connect_timeout{};
    long bytes_per_s_min = 0;
    std::chrono::seconds slow_for_max{};
    bool fresh_connection = false;  // a kept one may be dead
    // A POST of this instead of a GET; what is answered but the status is then of no interest.
    std::optional<SharedText> posted;
};

struct Download {
    int status = 0;
    Bytes bytes;           // if the status says that this is the content
    std::string location;  // the redirect target
    std::string etag;
    std::string last_modified;
    bool may_be_kept = false;
    std::chrono::seconds retry_after{};  // 0 if not given
    std::uint64_t bytes_received = 0;    // of all bodies, as transferred
};

struct DownloadFailure {
    Error error;
    bool again = false;  // a retry may help
    std::uint64_t bytes_received = 0;
};

using DownloadOutcome = std::expected<Download, DownloadFailure>;

constexpr bool is_content(long status) { return status == 200 || status == 203; }

class DownloadTransfer final : public Transfer {
public:
    using Done = std::function<void(DownloadOutcome)>;

    DownloadTransfer(DownloadRequest request, Done done, std::stop_token stop);

    void finish(CURLcode code) override;
    void cancel() override;

private:
    void set_up(CURL* curl) override;
    void set_up_seals(CURL* curl);
    void pin(CURL* curl);

    static curl_socket_t open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
    static std::size_t receive_header(char* data, std::size_t size, std::size_t count, void* self);
    static std::size_t receive(char* data, std::size_t size, std::size_t count, void* self);
    bool brings_content() const { return !request_.posted && is_content(status()); }
    bool end_of_headers();
    bool append(const char* data, std::size_t bytes);
    bool keep(const char* data, std::size_t bytes);
    long status() const;
    std::string header(const char* name) const;
    Download read_answer();
    Error reason(CURLcode code) const;

    DownloadRequest request_;
    Done done_;
    CurlList headers_;
    CurlList pins_;
    Download answer_;
    std::size_t header_bytes_ = 0;
    std::optional<Unpacker> unpacker_;
    bool too_large_ = false;
    bool heard_enough_ = false;  // the status is all we need: the rest is not read
    bool damaged_ = false;
    bool not_approved_ = false;
};

}  // namespace vignette
