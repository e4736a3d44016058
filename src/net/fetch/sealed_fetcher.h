// Fetches from untrusted addresses, but only on the public internet (against SSRF): docs/urls.md.
//
// Any thread may fetch, many at once; each waits while a single thread of the fetcher does the I/O.
// Connections are shared with nothing else: every one leads to an approved address.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/client/curl_loop.h"
#include "net/fetch/content_cache.h"
#include "net/fetch/download.h"
#include "net/fetch/fetch_slots.h"
#include "net/fetch/host_rules.h"
#include "net/fetch/resolver.h"
#include "net/fetch/url.h"
#include "vignette/fetcher.h"

namespace vignette {

struct FetchRules {
    HostRules hosts;
    std::function<bool(const IpAddress&)> may_dial = is_public;
    std::chrono::milliseconds deadline{30'000
    };  // for a whole fetch, including waiting, redirects and retries
    std::chrono::milliseconds connect_timeout{5'000};
    long bytes_per_s_min = 1024;  // over slow_for_max
    std::chrono::seconds slow_for_max{10};
    int redirects_max = 5;
    int retries_max = 2;  // in one fetch, over all its steps
    std::chrono::milliseconds retry_pause{200};
    std::chrono::milliseconds retry_after_max{5'000};
    SlotLimits slots;
    std::size_t url_bytes_max = url_bytes_default_max;
    std::size_t cache_bytes_max = 64 * MiB;
    long connections_kept_max = 64;
    std::string user_agent = "Vignette/" VIGNETTE_VERSION;
};

class SealedFetcher final : public Fetcher {
public:
    explicit SealedFetcher(
        FetchRules rules, std::unique_ptr<Resolver> resolver = std::make_unique<SystemResolver>()
    );
    ~SealedFetcher() override;

    Result<Bytes> fetch(const FetchRequest& request, std::stop_token stop) override;

    // The size of all bodies so far, as transferred.
    std::uint64_t bytes_received() const { return bytes_received_; }

private:
    struct Course;  // the state of one fetch

    Result<Download> ask_until_answered(const Url& url, Course& course);
    Result<void> pause(const Course& course, std::chrono::seconds wanted) const;
    DownloadOutcome ask(DownloadRequest request, const std::stop_token& stop);
    DownloadRequest request_for(const Url& url, const CachedContent* cached, const Course& course) const;
    Result<Download> settle(
        const Url& url, Download answer, const CachedContent* cached, const Course& course
    );

    const FetchRules rules_;
    const std::unique_ptr<Resolver> resolver_;
    FetchSlots slots_;
    ContentCache cache_;
    std::atomic<std::uint64_t> bytes_received_ = 0;
    CurlLoop loop_;  // last member: its thread ends before the others are destroyed
};

}  // namespace vignette
