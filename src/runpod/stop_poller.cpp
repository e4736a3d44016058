#include "runpod/stop_poller.h"

#include <algorithm>

#include "core/jitter.h"
#include "core/log.h"
#include "core/stop.h"
#include "core/stopwatch.h"
#include "runpod/take_policy.h"
#include "wire/dialects/runpod.h"

namespace vignette {
namespace {

constexpr Milliseconds stop_poll_timeout{90'000};
constexpr Milliseconds stop_quick{250};  // a server that answers at once must not be asked in a hot loop
constexpr Milliseconds stop_first_wait_quick{50};
constexpr Milliseconds stop_longest_wait_quick{1'000};
constexpr Milliseconds stop_first_wait{1'000};
constexpr Milliseconds stop_longest_wait{60'000};

}  // namespace

StopPoller::StopPoller(HttpClient& client, const Platform& platform, JobBook& book)
    : client_(client),
      platform_(platform),
      book_(book),
      thread_([this](const std::stop_token& stop) { listen(stop); }) {}

void StopPoller::listen(const std::stop_token& stop) {
    int failures = 0;
    int quick_answers = 0;
    while (!stop.stop_requested()) {
        const std::optional<std::string> address = stop_address(platform_);
        if (!address) return log_warning("jobs cannot be stopped: RUNPOD_WEBHOOK_GET_JOB has no /job-take/");
        HttpRequest request{.url = *address, .headers = request_headers(platform_)};
        request.timeout = stop_poll_timeout;
        const Stopwatch watch;
        const Result<HttpResponse> answer = client_.send(std::move(request), stop);
        if (stop.stop_requested()) return;
        failures = heed(answer) ? 0 : failures + 1;
        quick_answers = watch.total() < stop_quick ? quick_answers + 1 : 0;
        if (failures == 1) log_debug("the stop channel does not answer");
        if (failures > 0) {
            wait_for(growing_wait(failures, stop_first_wait, stop_longest_wait, jitter()), stop);
        } else if (quick_answers > 0) {
            wait_for(
                growing_wait(quick_answers, stop_first_wait_quick, stop_longest_wait_quick, jitter()), stop
            );
        }
    }
}

// False when the answer was none.
bool StopPoller::heed(const Result<HttpResponse>& answer) {
    if (!answer) return answer.error().code == ErrorCode::too_slow;
    if (answer->status == 204 || (answer->status == 200 && answer->body.empty())) return true;
    if (answer->status != 200) return false;
    const Result<std::vector<JobId>> jobs = read_jobs_to_stop(answer->body);
    if (!jobs) {
        log_warning("the stop channel said something unreadable: " + jobs.error().message);
        return false;
    }
    for (const JobId& job : *jobs) {
        if (book_.stop(job)) log_info("job_stopped by the platform", job.value);
    }
    return true;
}

}  // namespace vignette
