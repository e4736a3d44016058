// Shared by the tests of the sealed fetcher: names that resolve as a test wants, and a little internet of two
// loopback addresses, only one of which, 127.0.0.2, counts as public.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "fakes/http_server.h"
#include "net/fetch/sealed_fetcher.h"

namespace vignette {

class ScriptedResolver final : public Resolver {
public:
    using Script = std::function<Result<Addresses>(const std::string& host)>;

    explicit ScriptedResolver(Script script) : script_(std::move(script)) {}
    Result<Addresses> resolve(const std::string& host, Clock::time_point, const std::stop_token&) override {
        const std::lock_guard lock(mutex_);
        return script_(host);
    }

private:
    std::mutex mutex_;
    Script script_;
};

inline std::vector<IpAddress> ips(const std::vector<const char*>& texts) {
    std::vector<IpAddress> addresses;
    addresses.reserve(texts.size());
    for (const char* text : texts) addresses.push_back(*parse_ip(text));
    return addresses;
}

inline constexpr const char* open = "127.0.0.2";
inline const IpAddress open_place = ip_v4(0x7F000002);

// Every name resolves to 127.0.0.2.
inline std::unique_ptr<Resolver> names_at_the_open_place() {
    return std::make_unique<ScriptedResolver>([](const std::string&) -> Result<Resolver::Addresses> {
        return std::vector{open_place};
    });
}

// The default rules, plus one more public address and any port; retries do not wait.
inline FetchRules rules_of_the_test() {
    FetchRules rules;
    rules.may_dial = [](const IpAddress& address) { return address == open_place || is_public(address); };
    rules.hosts.ports.clear();
    rules.hosts.headers_need_https = false;
    rules.retry_pause = std::chrono::milliseconds{1};
    return rules;
}

inline Result<Bytes> fetch(SealedFetcher& fetcher, const std::string& url, std::size_t bytes_max = 1 * MiB) {
    return fetcher.fetch({.url = url, .bytes_max = bytes_max, .job = {"job"}}, {});
}

inline std::string text_of(const Result<Bytes>& bytes) {
    if (!bytes) return "error: " + bytes.error().message;
    return {reinterpret_cast<const char*>(bytes->data()), bytes->size()};
}

inline HttpServer::Handler always(ServerAnswer answer) {
    return [answer = std::move(answer)](const HeardRequest&) { return answer; };
}

}  // namespace vignette
