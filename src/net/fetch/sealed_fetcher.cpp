#include "net/fetch/sealed_fetcher.h"

#include <algorithm>
#include <future>
#include <utility>

#include "core/jitter.h"
#include "core/stop.h"
#include "net/fetch/approve.h"

namespace vignette {
namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;

constexpr int not_modified = 304;

bool is_redirect(int status) {
    constexpr std::array redirects{301, 302, 303, 307, 308};
    return std::ranges::find(redirects, status) != redirects.end();
}

// The server says that it may answer at another time.
bool is_of_the_moment(int status) { return status == 408 || status == 425 || status == 429 || status >= 500; }

auto given_up() { return fail(ErrorCode::cancelled, "the fetch was cancelled"); }
auto fetch_too_slow() {
    return fail(
        ErrorCode::too_slow, "fetching the address took too long; try again, or send the picture itself"
    );
}

Error error_of_status(int status) {
    const std::string answer = "the server answered with status " + std::to_string(status);
    if (status == 404 || status == 410) {
        return {ErrorCode::not_found, answer + ": there is nothing at the address; correct it", {}};
    }
    if (is_of_the_moment(status)) return {ErrorCode::unreachable, answer + "; try again later", {}};
    return {
        ErrorCode::refused, answer + "; use an address that needs no login, or send the picture itself", {}
    };
}

}  // namespace

struct SealedFetcher::Course {
    const FetchRequest& request;
    const std::stop_token& stop;
    Clock::time_point deadline;
    int retries_left;
    bool is_again = false;
};

SealedFetcher::SealedFetcher(FetchRules rules, std::unique_ptr<Resolver> resolver)
    : rules_(std::move(rules)),
      resolver_(std::move(resolver)),
      slots_(rules_.slots),
      cache_(rules_.cache_bytes_max),
      loop_(rules_.connections_kept_max) {}

SealedFetcher::~SealedFetcher() = default;

Result<Bytes> SealedFetcher::fetch(const FetchRequest& request, std::stop_token stop) {
    Course course{
        .request = request,
        .stop = stop,
        .deadline = Clock::now() + rules_.deadline,
        .retries_left = rules_.retries_max,
    };
    Url url = TRY(parse_url(request.url, rules_.url_bytes_max));
    for (int redirects = 0; redirects <= rules_.redirects_max; ++redirects) {
        TRY(check(rules_.hosts, url));
        Download answer = TRY(ask_until_answered(url, course));
        if (is_content(answer.status)) return std::move(answer.bytes);
        if (!is_redirect(answer.status)) return std::unexpected(error_of_status(answer.status));
        url = TRY(follow(url, answer.location));
    }
    return fail(
        ErrorCode::refused, "the address redirects more than " + std::to_string(rules_.redirects_max) +
                                " times; use the final address"
    );
}

// One step, at one address.
Result<Download> SealedFetcher::ask_until_answered(const Url& url, Course& course) {
    const FetchSlots::Slot slot =
        TRY(slots_.acquire(course.request.job.value, url.host, course.deadline, course.stop));
    const std::shared_ptr<const CachedContent> cached = cache_.find(to_text(url));
    while (true) {
        if (course.stop.stop_requested()) return given_up();
        if (Clock::now() >= course.deadline) return fetch_too_slow();
        DownloadRequest request = request_for(url, cached.get(), course);
        request.approved = TRY(approve(url, *resolver_, rules_.may_dial, course.deadline, course.stop));
        TRY(check(rules_.hosts, request.approved));
        DownloadOutcome outcome = ask(std::move(request), course.stop);
        const bool again = outcome ? is_of_the_moment(outcome->status) : outcome.error().again;
        if (!again && !outcome) return std::unexpected(std::move(outcome).error().error);
        if (!again) return settle(url, *std::move(outcome), cached.get(), course);
        const std::chrono::seconds wanted = outcome ? outcome->retry_after : std::chrono::seconds{0};
        if (course.retries_left == 0 || wanted > rules_.retry_after_max) {
            return std::unexpected(outcome ? error_of_status(outcome->status) : outcome.error().error);
        }
        --course.retries_left;
        course.is_again = true;
        TRY(pause(course, wanted));
    }
}

// Backoff with jitter: longer each time, and never all at the same moment.
Result<void> SealedFetcher::pause(const Course& course, std::chrono::seconds wanted) const {
    const int tries = rules_.retries_max - course.retries_left;
    const double stretch = 0.5 + jitter();
    const auto own = std::chrono::duration_cast<Milliseconds>(rules_.retry_pause * tries * stretch);
    const auto time = std::max<Milliseconds>(own, wanted);
    if (Clock::now() + time >= course.deadline) {
        return fail(ErrorCode::unreachable, "the server did not answer in time; try again later");
    }
    if (!wait_for(time, course.stop)) return given_up();
    return {};
}

DownloadRequest SealedFetcher::request_for(const Url& url, const CachedContent* cached, const Course& course)
    const {
    DownloadRequest request{
        .url = url,
        .approved = {},
        .headers = headers_for(rules_.hosts, url),
        .user_agent = rules_.user_agent,
        .bytes_max = course.request.bytes_max,
        .deadline = course.deadline,
        .connect_timeout = rules_.connect_timeout,
        .bytes_per_s_min = rules_.bytes_per_s_min,
        .slow_for_max = rules_.slow_for_max,
        .fresh_connection = course.is_again,
    };
    if (cached != nullptr && !cached->etag.empty()) {
        request.headers.push_back("If-None-Match: " + cached->etag);
    } else if (cached != nullptr) {
        request.headers.push_back("If-Modified-Since: " + cached->last_modified);
    }
    return request;
}

DownloadOutcome SealedFetcher::ask(DownloadRequest request, const std::stop_token& stop) {
    const auto answered =
        std::make_shared<std::promise<DownloadOutcome>>();  // std::function must be copyable
    std::future<DownloadOutcome> answer = answered->get_future();
    loop_.add(std::make_unique<DownloadTransfer>(
        std::move(request), [answered](DownloadOutcome outcome) { answered->set_value(std::move(outcome)); },
        stop
    ));
    DownloadOutcome outcome = answer.get();
    bytes_received_ += outcome ? outcome->bytes_received : outcome.error().bytes_received;
    return outcome;
}

// Uses the cached content if the server confirms it, and keeps new content worth keeping.
Result<Download> SealedFetcher::settle(
    const Url& url, Download answer, const CachedContent* cached, const Course& course
) {
    if (answer.status == not_modified && cached != nullptr) {
        if (cached->bytes.size() > course.request.bytes_max) {
            return fail(
                ErrorCode::too_large, "the content at the address is larger than allowed; use a smaller file"
            );
        }
        answer.bytes = cached->bytes;
        answer.status = 200;
        return answer;
    }
    if (!is_content(answer.status)) return answer;
    const bool is_for_us_alone =
        !headers_for(rules_.hosts, url).empty();  // the operator's credentials opened it
    if (answer.may_be_kept && !is_for_us_alone && answer.bytes.size() <= cache_.room_for_one()) {
        cache_.keep(
            to_text(url),
            std::make_shared<const CachedContent>(CachedContent{
                .etag = answer.etag, .last_modified = answer.last_modified, .bytes = answer.bytes
            })
        );
    } else if (cached != nullptr) {
        cache_.forget(to_text(url));
    }
    return answer;
}

}  // namespace vignette
