#include "runpod/take_loop.h"

#include <algorithm>
#include <utility>

#include "core/jitter.h"
#include "core/log.h"
#include "core/stop.h"
#include "core/stopwatch.h"

namespace vignette {
namespace {

constexpr Milliseconds poll_timeout{90'000};
constexpr std::chrono::minutes unauthorized_max{5};
constexpr int undelivered_max = 256;  // results nobody takes must not pile up
constexpr std::size_t least_answer_bytes_max = 256 * MiB;

}  // namespace

TakeLoop::TakeLoop(HttpClient& client, const Platform& platform, JobBook& book, TakeOptions options)
    : client_(client),
      platform_(platform),
      book_(book),
      options_(std::move(options)),
      policy_(unauthorized_max) {}

TakeEnd TakeLoop::run(const std::stop_token& stop, const TakeIn& take_in) {
    while (!stop.stop_requested()) {
        const int wanted = wait_for_room(stop);
        if (wanted == 0) continue;
        const Stopwatch watch;
        TakePolicy::Event event = request_jobs(wanted, stop, take_in);
        if (event.answer == TakeAnswer::jobs && options_.one_job_only) return TakeEnd::took_one;
        if (stop.stop_requested()) break;
        event.asked_for = std::chrono::duration_cast<Milliseconds>(watch.total());
        const std::optional<Milliseconds> wait = policy_.wait_after(event);
        if (!wait) return TakeEnd::unauthorized;
        wait_for(*wait, stop);
    }
    return TakeEnd::stopped;
}

// Asks once and hands over what has come.
TakePolicy::Event TakeLoop::request_jobs(int wanted, const std::stop_token& stop, const TakeIn& take_in) {
    Result<HttpResponse> answer = ask(wanted, stop);
    TakePolicy::Event event{.answer = classify(answer), .now = TakePolicy::Clock::now(), .chance = jitter()};
    if (answer) event.retry_after = answer->retry_after;
    if (event.answer == TakeAnswer::jobs) {
        event.answer = hand_over(std::move(answer->body), take_in);
    } else {
        log_answer(answer, event.answer);
    }
    return event;
}

// Pictures in work, not jobs, take the room: a batch counts as many as it holds. Those of a slow server leave
// it to others while they are fetched, which wait for their turn afterwards: so twice as many jobs at most.
int TakeLoop::room(const JobBook::Held& now) const {
    if (now.undelivered >= undelivered_max) return 0;
    const int free = options_.pictures_max - (now.pictures - now.fetching);
    const int more_jobs = 2 * options_.pictures_max - now.jobs;
    return std::max(0, now.fetching > 0 ? std::min(free, more_jobs) : free);
}

int TakeLoop::wait_for_room(const std::stop_token& stop) {
    int free = 0;
    book_.wait(stop, [&](const JobBook::Held& now) { return (free = room(now)) > 0; });
    if (options_.one_job_only) return std::min(free, 1);
    if (free == 0 || !options_.memory_room) return free;
    const int busy = book_.running_pictures();
    const int by_memory =
        std::max(options_.memory_room(), busy == 0 ? 1 : 0);  // alone, a job gets its chance
    if (by_memory == 0) wait_for(Milliseconds{200}, stop);
    return std::min(free, by_memory);
}

Result<HttpResponse> TakeLoop::ask(int wanted, const std::stop_token& stop) {
    const Busy busy = book_.held().empty() ? Busy::no : Busy::yes;
    HttpRequest request{.url = take_address(platform_, wanted, busy), .headers = request_headers(platform_)};
    request.timeout = poll_timeout;
    request.response_bytes_max =  // an answer that is refused would be given again and again
        std::max(least_answer_bytes_max, static_cast<std::size_t>(wanted) * options_.limits.body_bytes_max);
    return client_.send(std::move(request), stop);
}

// If no job in it has an id, the answer is broken: asking again at once would bring the same.
TakeAnswer TakeLoop::hand_over(std::string body, const TakeIn& take_in) {
    Result<std::vector<TakenJob>> jobs = read_taken_jobs(std::move(body), options_.limits);
    if (!jobs) {
        log_error("job_unanswerable: what was handed out cannot be read");
        log_debug(jobs.error().message);
        return TakeAnswer::broken;
    }
    if (jobs->empty()) return TakeAnswer::nothing;
    const bool named = std::ranges::any_of(*jobs, [](const TakenJob& job) { return job.id.has_value(); });
    for (TakenJob& job : *jobs) take_in(std::move(job));
    return named ? TakeAnswer::jobs : TakeAnswer::broken;
}

void TakeLoop::log_answer(const Result<HttpResponse>& answer, TakeAnswer kind) const {
    if (kind == TakeAnswer::nothing || (!answer && answer.error().code == ErrorCode::cancelled)) return;
    const int before = policy_.failures();
    const bool worth_a_line = before == 0 || before % 8 == 0;  // the first, then about every two minutes
    const std::string what = answer ? "status " + std::to_string(answer->status) : answer.error().message;
    if (!worth_a_line) return log_debug("no jobs: " + what);
    if (kind == TakeAnswer::unauthorized) {
        return log_error("the platform refuses the key (" + what + "): check RUNPOD_AI_API_KEY");
    }
    if (kind == TakeAnswer::refused && policy_.refused_for_long()) {
        return log_error(
            "the platform has refused the question for jobs for minutes (" + what +
            "): check RUNPOD_WEBHOOK_GET_JOB and RUNPOD_AI_API_KEY; asking once a minute"
        );
    }
    log_warning("no jobs: " + what);
}

}  // namespace vignette
