// Posts JSON to untrusted addresses, under the same rules as the sealed fetcher: docs/urls.md. Redirects are
// not followed, and the operator's headers for a host are not sent.
//
// Any thread. The destructor ends what is under way as cancelled.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "core/thread_pool.h"
#include "net/client/curl_loop.h"
#include "net/fetch/sealed_fetcher.h"
#include "vignette/bytes.h"
#include "vignette/error.h"

namespace vignette {

class SealedPoster {
public:
    using Done = std::function<void(Result<int> status)>;

    explicit SealedPoster(
        FetchRules rules, std::unique_ptr<Resolver> resolver = std::make_unique<SystemResolver>()
    );
    ~SealedPoster();
    SealedPoster(const SealedPoster&) = delete;
    SealedPoster& operator=(const SealedPoster&) = delete;

    // One try. Never waits: `done` is called once, on a thread of the poster, with the answer's status or
    // with the reason why there is none. The caller bounds how many are under way.
    void post(std::string url, SharedText json, Done done);

private:
    Result<DownloadRequest> approved_request(const std::string& url) const;

    const FetchRules rules_;
    const std::unique_ptr<Resolver> resolver_;
    std::stop_source ending_;
    CurlLoop loop_;
    ThreadPool crew_;  // waits for names; last member: joined before the others are destroyed
};

}  // namespace vignette
