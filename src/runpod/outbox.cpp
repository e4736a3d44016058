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
constexpr Milliseconds post_first_wait{250};
constexpr Milliseconds post_longest_wait{15'000};
constexpr std::chrono::hours result_lifetime{24
};  // the platform forgets a job after a day unless configured otherwise

// A slow line must do, a dead one must not: ten seconds, more with each try, and half a minute for 4 MiB.
Milliseconds post_timeout(std::size_t bytes, int tries) {
    constexpr Milliseconds least{10'000};
    return least * std::min(tries + 1, 6) + Milliseconds{30'000} * bytes / (4 * MiB);
}

}  // namespace

Outbox::Outbox(HttpClient& client, const Platform& platform, JobBook& book, ResultFolder* folder)
    : client_(client), platform_(platform), book_(book), folder_(folder) {
    if (folder_ != nullptr) clerk_.emplace(1);
}

Outbox::~Outbox() {
    constexpr std::chrono::hours for_ever{1};  // each of them ends soon
    leave(Clock::now() + for_ever);
}

bool Outbox::leave(Clock::time_point deadline) {
    stop_.request_stop();
    MutexLock lock(mutex_);
    changed_.wait_until(lock, deadline, [this]() REQUIRES(mutex_) { return under_way_ == 0; });
    bool all_safe = true;
    for (auto& [job, line] : std::exchange(lines_, {})) {
        if (line.result) all_safe = is_safe(job, *line.result) && all_safe;
    }
    return all_safe;
}

// A result that leaves this process undelivered.
bool Outbox::is_safe(const JobId& job, FinalResult& result) {
    if (result.kind.keep == Keep::no) {
        log_warning("the platform did not hear that this job was not done; it will miss it", job.value);
        return true;
    }
    std::error_code ignored;  // the folder may have gone since
    if (folder_ != nullptr && !std::filesystem::exists(result.file, ignored)) result.file = save(job, result);
    if (!result.file.empty()) {
        log_warning("the result waits in " + result.file.string() + " for the next start", job.value);
        return true;
    }
    const char* remedy = folder_ == nullptr ? "; set VIGNETTE_OUTBOX to keep such results" : "";
    log_error("job_lost: the platform never accepted this result" + std::string(remedy), job.value);
    return false;
}

void Outbox::post_event(const JobId& job, StreamEvent event) {
    if (platform_.stream_url.empty()) return;
    const MutexLock lock(mutex_);
    if (stop_.stop_requested() || !book_.is_running(job))
        return;  // it was handed back while its thread was still at it
    Line& line = lines_[job];
    append_event(line.events, std::move(event));
    advance(job, line);
}

// One thread may report a picture done while another settles the job: the book knows which came first.
void Outbox::post_progress(const JobId& job, std::size_t done, std::size_t count) {
    const MutexLock lock(mutex_);
    if (stop_.stop_requested() || !book_.is_running(job)) return;
    Line& line = lines_[job];
    if (line.progress || Clock::now() < line.next_progress) return;
    line.progress = Parcel{.body = SharedText(format_progress(done, count))};
    line.next_progress = Clock::now() + progress_pause;
    advance(job, line);
}

void Outbox::post_result(const JobId& job, Streamed streamed, std::string body, ResultKind kind) {
    if (!book_.claim(job)) return;
    if (body.size() > result_bytes_max) {
        log_error("job_failed code=too_large bytes=" + std::to_string(body.size()), job.value);
        body = format_failed(
            {.code = ErrorCode::too_large,
             .message = "the result has " + std::to_string(body.size()) + " bytes and the platform takes " +
                        std::to_string(result_bytes_max) + "; send fewer pictures in one job",
             .field = {}},
            identity(platform_), kind.stop_pod
        );
    }
    FinalResult result;
    result.parcel.body = SharedText(std::move(body));
    result.worker = platform_.worker_id;
    result.streamed = streamed;
    result.kind = kind;
    result.made = WallClock::now();
    if (folder_ != nullptr && kind.keep == Keep::yes) result.file = save(job, result);
    book_.finish(job);
    take_in(job, std::move(result));
}

// Empty, and logged, where it cannot be kept.
std::filesystem::path Outbox::save(const JobId& job, const FinalResult& result) {
    const Result<std::filesystem::path> file =
        folder_->save(job, result.streamed == Streamed::yes, result.parcel.body.view());
    if (file) return *file;
    log_error("the result is not safe from a crash: " + file.error().message, job.value);
    return {};
}

// In the book from the start: whoever is given such a job again answers it with what is there.
void Outbox::post_saved(std::vector<SavedResult> results) {
    constexpr std::size_t at_once_max = 8;
    const auto now = WallClock::now();
    const MutexLock lock(mutex_);
    for (SavedResult& saved : results) {
        const bool expired = now - saved.made > result_lifetime;
        if (expired) log_error("job_lost: its result was kept for more than a day", saved.job.value);
        if (expired || !book_.open_finished(saved.job)) {  // twice on disk: the first is as good
            ResultFolder::forget(saved.file);
        } else {
            saved_.push_back(std::move(saved));
        }
    }
    for (std::size_t i = 0; i < std::min(at_once_max, saved_.size()); ++i) {
        clerk_->add([this] { post_next_saved(); });
    }
}

void Outbox::post_next_saved() {
    std::optional<SavedResult> saved;
    {
        const MutexLock lock(mutex_);
        if (saved_.empty() || stop_.stop_requested()) return;
        saved = std::move(saved_.front());
        saved_.pop_front();
    }
    std::optional<std::string> body = ResultFolder::read_body(saved->file);
    if (!body) {
        log_error("job_lost: its result could not be read again: " + saved->file.string(), saved->job.value);
        book_.close(saved->job);
        return post_next_saved();
    }
    log_info("posting a result of an earlier start", saved->job.value);
    FinalResult result;
    result.parcel.body = SharedText(*std::move(body));
    result.worker = saved->worker;
    result.streamed = saved->streamed ? Streamed::yes : Streamed::no;
    result.file = saved->file;
    result.made = saved->made;
    result.past.may_have_arrived = true;
    result.adopted = true;
    take_in(saved->job, std::move(result));
}

void Outbox::take_in(const JobId& job, FinalResult result) {
    const MutexLock lock(mutex_);
    if (stop_.stop_requested()) return;  // we have left: disk keeps what it has
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
    HttpRequest request{
        .method = HttpMethod::post, .headers = result_headers(platform_, job), .wanted = Wanted::status
    };
    const Parcel* parcel = nullptr;
    switch (kind) {
        case Kind::chunk:
            request.url = stream_address(platform_, job);
            parcel = &*line.chunk;
            break;
        case Kind::progress:
            request.url = done_address(platform_, platform_.worker_id, job, Streamed::no);
            parcel = &*line.progress;
            break;
        case Kind::result:
            request.url = done_address(platform_, line.result->worker, job, line.result->streamed);
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
    const auto found = lines_.find(job);
    if (found == lines_.end()) return;  // leave() has not waited for it
    Line& line = found->second;
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
    const int tries = ++result.parcel.tries;
    const Judgement judgement = judge(result.past, answer);
    result.past = judgement.past;
    const bool expired = WallClock::now() - result.made > result_lifetime;
    switch (expired && !arrived(answer) ? PostVerdict::give_up : judgement.verdict) {
        case PostVerdict::delivered: return finish(job);
        case PostVerdict::again:
            if (tries == 1) log_warning("the result is not accepted yet: " + summary(answer), job.value);
            return send(job, Kind::result, line, next_try(tries, answer));
        case PostVerdict::replace: replace(result, answer); return send(job, Kind::result, line, {});
        case PostVerdict::give_up: {
            const char* what = result.past.may_have_arrived
                                   ? "the platform may have this result, and refuses it: "
                                   : "job_lost: the platform refuses this result: ";
            log_error(what + summary(answer), job.value);
            return finish(job);
        }
    }
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
            {.code = ErrorCode::internal, .message = message, .field = {}}, identity(platform_),
            result.kind.stop_pod
        ))
    };
}

// Closed once nothing of it is on disk any more: who waits for the end of all jobs may then leave.
void Outbox::finish(const JobId& job) {
    const auto line = lines_.find(job);
    const FinalResult result = *std::move(line->second.result);
    lines_.erase(line);
    if (result.file.empty()) return book_.close(job);
    clerk_->add([this, job, file = result.file, adopted = result.adopted] {
        ResultFolder::forget(file);
        book_.close(job);
        if (adopted) post_next_saved();
    });
}

Outbox::Clock::time_point Outbox::next_try(int tries, const Result<HttpResponse>& answer) const {
    Milliseconds wait = growing_wait(tries, post_first_wait, post_longest_wait, jitter());
    if (answer && answer->retry_after.count() > 0) {
        wait = std::min<Milliseconds>(answer->retry_after, post_longest_wait);
    }
    return Clock::now() + wait;
}

}  // namespace vignette
