// One request to a server that nobody trusts, dialled at addresses that were approved before. The loop's
// thread only.
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
    std::vector<IpAddress> approved;   // no other one is dialled
    std::vector<std::string> headers;  // "Name: value"
    std::string user_agent;
    std::size_t bytes_max = 0;  // of the content, as it travels and unpacked
    std::chrono::steady_clock::time_point deadline;
    std::chrono::milliseconds connect_timeout{};
    long bytes_per_s_min = 0;
    std::chrono::seconds slow_for_max{};
    bool fresh_connection = false;  // one that is kept may be dead
};

struct Download {
    int status = 0;
    Bytes bytes;           // where the status says that this is the content
    std::string location;  // where a server says that the content is
    std::string etag;
    std::string last_modified;
    bool may_be_kept = false;
    std::chrono::seconds retry_after{};  // 0: not said
    std::uint64_t bytes_received = 0;    // of all bodies, as they travelled
};

struct DownloadFailure {
    Error error;
    bool again = false;  // another try may do
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
    static std::size_t hear_header(char* data, std::size_t size, std::size_t count, void* self);
    static std::size_t receive(char* data, std::size_t size, std::size_t count, void* self);
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
    bool heard_enough_ = false;  // the status said it all: the rest is not read
    bool damaged_ = false;
    bool not_approved_ = false;
};

}  // namespace vignette
