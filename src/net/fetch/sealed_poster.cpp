#include "net/fetch/sealed_poster.h"

#include <utility>

#include "net/fetch/approve.h"

namespace vignette {
namespace {

constexpr int posting_threads = 2;
constexpr std::size_t useless_bytes_max = 64 * KiB;  // none of which is kept

}  // namespace

SealedPoster::SealedPoster(FetchRules rules, std::unique_ptr<Resolver> resolver)
    : rules_(std::move(rules)),
      resolver_(std::move(resolver)),
      loop_(rules_.connections_kept_max),
      crew_(posting_threads) {}

SealedPoster::~SealedPoster() { ending_.request_stop(); }

Result<DownloadRequest> SealedPoster::approved_request(const std::string& url) const {
    const auto deadline = Resolver::Clock::now() + rules_.deadline;
    const Url place = TRY(parse_url(url, rules_.url_bytes_max));
    TRY(check(rules_.hosts, place));
    std::vector<IpAddress> approved =
        TRY(approve(place, *resolver_, rules_.may_dial, deadline, ending_.get_token()));
    TRY(check(rules_.hosts, approved));
    return DownloadRequest{
        .url = place,
        .approved = std::move(approved),
        .headers = {"Content-Type: application/json", "Expect:"},
        .user_agent = rules_.user_agent,
        .bytes_max = useless_bytes_max,
        .deadline = deadline,
        .connect_timeout = rules_.connect_timeout,
        .bytes_per_s_min = rules_.bytes_per_s_min,
        .slow_for_max = rules_.slow_for_max,
        .posted = {},
    };
}

void SealedPoster::post(std::string url, SharedText json, Done done) {
    crew_.add([this, url = std::move(url), json = std::move(json), done = std::move(done)] {
        Result<DownloadRequest> request = approved_request(url);
        if (!request) return done(std::unexpected(std::move(request).error()));
        request->posted = json;
        const auto told = [done](DownloadOutcome outcome) {
            outcome ? done(outcome->status) : done(std::unexpected(outcome.error().error));
        };
        loop_.add(std::make_unique<DownloadTransfer>(*std::move(request), told, ending_.get_token()));
    });
}

}  // namespace vignette
