#include "runpod/outbox.h"

#include <algorithm>
#include <utility>

#include "core/jitter.h"
#include "core/log.h"
#include "net/client/http_client.h"
#include "runpod/stream_events.h"
#include "runpod/take_policy.h"
#include "vignette/invariant.h"

namespace vignette {
namespace {

constexpr std::size_t result_bytes_max = 20 * MiB - 64 * KiB;  // what the platform takes, less what it adds
constexpr Milliseconds chunk_pause{100};                       // between two chunks of a job
constexpr Milliseconds progress_pause{1'000};
constexpr int chunk_tries_max = 5;
constexpr int refusals_max = 5;  // after the first
constexpr Milliseconds post_first_wait{250};
constexpr Milliseconds post_longest_wait{15'000};
constexpr std::chrono::hours result_lifetime{24
};  // the platform forgets a job after a day unless configured otherwise

// A slow line must do, a dead one must not: ten seconds, more with each try, and half a minute for 4 MiB.
Milliseconds post_timeout(std::size_t bytes, int tries) {
    constexpr Milliseconds least{10'000};
    return least * std::min(tries + 1, 6) + Milliseconds{30'000} * bytes / (4 * MiB);
}

bool arrived(const Result<HttpResponse>& answer) { return answer && answer->status / 100 == 2; }

// The same again may be taken: the fault is the moment's, or the key's, and not the result's.
bool worth_another_try(const Result<HttpResponse>& answer) {
    if (!answer) return true;
    const int status = answer->status;
    return status >= 500 || status == 401 || status == 403 || status == 408 || status == 425 || status == 429;
}

// The platform, or a proxy in front of it, may have received the whole post.
bool leaves_open(const Result<HttpResponse>& answer) { return !answer || answer->status >= 500; }

}  // namespace

Outbox::Outbox(HttpClient& client, const Platform& platform, JobBook& book, ResultFolder* folder)
    : client_(client), platform_(platform), book_(book), folder_(folder) {}

Outbox::~Outbox() {
    stop_.request_stop();
    MutexLock lock(mutex_);
    changed_.wait(lock, [this]() REQUIRES(mutex_) { return under_way_ == 0; });
    for (const auto& [job, line] : lines_) {
        if (!line.result) continue;
        if (line.result->file.empty()) {
            log_error(
                "job_lost: the platform never accepted this result; set VIGNETTE_OUTBOX to keep such results",
                job.value
            );
        } else {
            log_warning(
                "the result waits in " + line.result->file.string() + " for the next start", job.value
            );
        }
    }
}

void Outbox::post_event(const JobId& job, StreamEvent event) {
    if (platform_.stream_url.empty()) return;
    const MutexLock lock(mutex_);
    Line& line = lines_[job];
    ASSERT(!line.result);  // the runner settles a job after the last of its pictures
    append_event(line.events, std::move(event));
    advance(job, line);
}

// One thread may report a picture done while another settles the job: the book knows which came first.
void Outbox::post_progress(const JobId& job, std::size_t done, std::size_t count) {
    const MutexLock lock(mutex_);
    if (!book_.is_running(job)) return;
    Line& line = lines_[job];
    if (line.progress || Clock::now() < line.next_progress) return;
    line.progress = Parcel{.body = SharedText(format_progress(done, count))};
    line.next_progress = Clock::now() + progress_pause;
    advance(job, line);
}

void Outbox::post_result(const JobId& job, Streamed streamed, std::string body) {
    if (body.size() > result_bytes_max) {
        log_error("job_failed code=too_large bytes=" + std::to_string(body.size()), job.value);
        body = format_failed(
            {.code = ErrorCode::too_large,
             .message = "the result has " + std::to_string(body.size()) + " bytes and the platform takes " +
                        std::to_string(result_bytes_max) + "; send fewer pictures in one job",
             .field = {}},
            identity(platform_), StopPod::no
        );
    }
    FinalResult result{.streamed = streamed, .made = Clock::now()};
    if (folder_ != nullptr) {
        const Result<std::filesystem::path> file = folder_->save(job, streamed == Streamed::yes, body);
        if (file) result.file = *file;
        if (!file) log_error("the result is not safe from a crash: " + file.error().message, job.value);
    }
    result.parcel.body = SharedText(std::move(body));
    book_.finish(job);
    take_in(job, std::move(result));
}

void Outbox::post_saved() {
    if (folder_ == nullptr) return;
    for (SavedResult& saved : folder_->adopt()) {
        if (!book_.open_finished(saved.job)) {  // twice on disk: the first is as good
            ResultFolder::forget(saved.file);
            continue;
        }
        log_info("posting a result of an earlier start", saved.job.value);
        FinalResult result{
            .parcel = {.body = SharedText(std::move(saved.body))},
            .streamed = saved.streamed ? Streamed::yes : Streamed::no,
            .file = std::move(saved.file),
            .made = Clock::now(),
            .may_have_arrived = true,
        };
        take_in(saved.job, std::move(result));
    }
}

void Outbox::take_in(const JobId& job, FinalResult result) {
    const MutexLock lock(mutex_);
    Line& line = lines_[job];
    ASSERT(!line.result);
    line.result = std::move(result);
    advance(job, line);
}

// One post per job at a time, so that nothing overtakes; the result comes after all pieces.
void Outbox::advance(const JobId& job, Line& line) {
    if (line.under_way) return;
    if (!line.chunk && !line.events.empty()) line.chunk = Parcel{.body = SharedText(take_chunk(line.events))};
    if (line.chunk) return send(job, Kind::chunk, line, line.result ? Clock::time_point{} : line.next_chunk);
    if (line.result) {
        line.progress.reset();
        return send(job, Kind::result, line, {});
    }
    if (line.progress) send(job, Kind::progress, line, {});
}

void Outbox::send(const JobId& job, Kind kind, const Line& line, Clock::time_point not_before) {
    HttpRequest request{.method = HttpMethod::post, .headers = result_headers(platform_, job)};
    const Parcel* parcel = nullptr;
    switch (kind) {
        case Kind::chunk:
            request.url = stream_address(platform_, job);
            parcel = &*line.chunk;
            break;
        case Kind::progress:
            request.url = done_address(platform_, job, Streamed::no);
            parcel = &*line.progress;
            break;
        case Kind::result:
            request.url = done_address(platform_, job, line.result->streamed);
            parcel = &line.result->parcel;
            break;
    }
    request.body = parcel->body;
    request.timeout = post_timeout(request.body.view().size(), parcel->tries);
    request.not_before = not_before;
    lines_.at(job).under_way = true;
    ++under_way_;
    client_.start(
        std::move(request),
        [this, job, kind](const Result<HttpResponse>& answer) { answered(job, kind, answer); },
        stop_.get_token()
    );
}

void Outbox::answered(const JobId& job, Kind kind, const Result<HttpResponse>& answer) {
    const MutexLock lock(mutex_);
    --under_way_;
    changed_.notify_all();
    Line& line = lines_.at(job);
    line.under_way = false;
    if (!answer && answer.error().code == ErrorCode::cancelled) return;  // we end; disk keeps what it has
    switch (kind) {
        case Kind::chunk: return chunk_answered(job, line, answer);
        case Kind::progress:
            line.progress.reset();  // worth no second try
            return advance(job, line);
        case Kind::result: return result_answered(job, line, answer);
    }
}

// A piece is worth some tries, but no second wait for a silent server once the result is there: that holds
// all of them.
void Outbox::chunk_answered(const JobId& job, Line& line, const Result<HttpResponse>& answer) {
    const int tries = ++line.chunk->tries;
    const bool silent = !answer && answer.error().code == ErrorCode::too_slow;
    const bool again = worth_another_try(answer) && tries < chunk_tries_max && !(silent && line.result);
    if (!arrived(answer) && again) return send(job, Kind::chunk, line, next_try(tries, answer));
    if (!arrived(answer)) {
        log_warning("a piece of the stream was refused: " + summary(answer), job.value);
        if (line.result) line.events.clear();
    }
    line.chunk.reset();
    line.next_chunk = Clock::now() + chunk_pause;
    advance(job, line);
}

void Outbox::result_answered(const JobId& job, Line& line, const Result<HttpResponse>& answer) {
    FinalResult& result = *line.result;
    if (arrived(answer)) return finish(job);
    const bool alive = Clock::now() - result.made < result_lifetime;
    const int tries = ++result.parcel.tries;
    result.may_have_arrived = result.may_have_arrived || leaves_open(answer);
    if (worth_another_try(answer) && alive) {
        if (tries == 1) log_warning("the result is not accepted yet: " + summary(answer), job.value);
        return send(job, Kind::result, line, next_try(tries, answer));
    }
    if (!alive || ++result.refusals > refusals_max) {
        const char* what = result.may_have_arrived ? "the platform may have this result, and refuses it: "
                                                   : "job_lost: the platform refuses this result: ";
        log_error(what + summary(answer), job.value);
        return finish(job);
    }
    if (result.refusals > 1 || result.may_have_arrived) {
        return send(job, Kind::result, line, next_try(tries, answer));
    }
    replace(result, answer);
    send(job, Kind::result, line, {});
}

// Whatever the platform dislikes about the result: a small error ends the job, where silence would let it
// hang. Only where every attempt was refused: a result that has arrived is refused too, when it comes again,
// and the job must not end twice.
void Outbox::replace(FinalResult& result, const Result<HttpResponse>& answer) {
    const std::string message =
        "the platform refused the result of " + std::to_string(result.parcel.body.view().size()) +
        " bytes (" + summary(answer) + "); ask for less in one job, or report this with the job's id";
    result.parcel = {
        .body = SharedText(format_failed(
            {.code = ErrorCode::internal, .message = message, .field = {}}, identity(platform_), StopPod::no
        ))
    };
}

void Outbox::finish(const JobId& job) {
    const auto line = lines_.find(job);
    if (!line->second.result->file.empty()) ResultFolder::forget(line->second.result->file);
    lines_.erase(line);
    book_.close(job);
}

Outbox::Clock::time_point Outbox::next_try(int tries, const Result<HttpResponse>& answer) const {
    Milliseconds wait = growing_wait(tries, post_first_wait, post_longest_wait, jitter());
    if (answer && answer->retry_after.count() > 0) {
        wait = std::min<Milliseconds>(answer->retry_after, post_longest_wait);
    }
    return Clock::now() + wait;
}

}  // namespace vignette
