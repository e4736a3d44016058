// Gives what the test puts at an address.
#pragma once

#include <map>
#include <mutex>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "vignette/fetcher.h"

namespace vignette {

class FakeFetcher final : public Fetcher {
public:
    Result<Bytes> fetch(const FetchRequest& request, std::stop_token stop) override {
        const std::lock_guard lock(mutex_);
        asked.push_back(request);
        if (stop.stop_requested()) return fail(ErrorCode::cancelled, "stopped");
        const auto found = pages.find(request.url);
        if (found == pages.end()) return fail(ErrorCode::not_found, "there is nothing at this address");
        return found->second;
    }

    std::map<std::string, Bytes> pages;  // before the first fetch
    std::vector<FetchRequest> asked;     // read it when all fetches have ended

private:
    std::mutex mutex_;
};

}  // namespace vignette
