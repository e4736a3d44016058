#include "trace/span_exporter.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "core/jitter.h"
#include "core/log.h"

namespace vignette {
namespace {

using namespace std::chrono_literals;

// What the protocol allows to be sent again; anything else will not be accepted another time either.
bool worth_another_try(const Result<HttpResponse>& answer) {
    if (!answer) return answer.error().code != ErrorCode::cancelled;
    constexpr std::array passing{429, 502, 503, 504};
    return std::ranges::find(passing, answer->status) != passing.end();
}

bool is_taken(const Result<HttpResponse>& answer) {
    return answer && answer->status >= 200 && answer->status < 300;
}

}  // namespace

SpanExporter::SpanExporter(TraceSettings settings, const std::string& user_agent)
    : settings_(std::move(settings)),
      client_(user_agent),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

SpanExporter::~SpanExporter() = default;

void SpanExporter::add(std::vector<Span> spans) {
    const MutexLock lock(mutex_);
    const std::size_t held = waiting_.size() + in_hand_;
    const std::size_t room = settings_.spans_max - std::min(held, settings_.spans_max);
    const std::size_t fitting = std::min(room, spans.size());
    counts_.dropped += spans.size() - fitting;
    if (waiting_.empty()) oldest_ = Clock::now();
    const auto end = spans.begin() + static_cast<std::ptrdiff_t>(fitting);
    std::move(spans.begin(), end, std::back_inserter(waiting_));
    changed_.notify_all();
}

std::vector<Span> SpanExporter::next_batch(const std::stop_token& stop) {
    MutexLock lock(mutex_);
    changed_.wait(lock, stop, [this]() REQUIRES(mutex_) { return !waiting_.empty(); });
    const auto due = oldest_ + settings_.batch_time;
    changed_.wait_until(lock, stop, due, [this]() REQUIRES(mutex_) {
        return flushing_ || waiting_.size() >= settings_.batch_max;
    });
    if (stop.stop_requested()) return {};
    const auto count = static_cast<std::ptrdiff_t>(std::min(waiting_.size(), settings_.batch_max));
    std::vector<Span> batch(
        std::make_move_iterator(waiting_.begin()), std::make_move_iterator(waiting_.begin() + count)
    );
    waiting_.erase(waiting_.begin(), waiting_.begin() + count);
    in_hand_ = batch.size();
    return batch;
}

void SpanExporter::run(const std::stop_token& stop) {
    while (true) {
        const std::vector<Span> batch = next_batch(stop);
        if (batch.empty()) return;
        note(batch.size(), send(batch, stop));
    }
}

bool SpanExporter::send(const std::vector<Span>& batch, const std::stop_token& stop) {
    constexpr int tries_max = 5;
    constexpr std::chrono::seconds wait_max{60};
    const SharedText body(format_spans(settings_.resource, batch));
    std::vector<std::string> headers = settings_.headers;
    headers.emplace_back("Content-Type: application/json");
    std::chrono::milliseconds backoff = 1s;
    for (int tried = 1;; ++tried) {
        const Result<HttpResponse> answer = client_.send(
            {.method = HttpMethod::post,
             .url = settings_.url,
             .headers = headers,
             .body = body,
             .timeout = settings_.timeout},
            stop
        );
        if (stop.stop_requested()) return false;
        const bool taken = is_taken(answer);
        if (std::exchange(failing_, !taken) == taken) {
            taken ? log_info("the collector takes traces again")
                  : log_warning("the collector does not take traces: " + summary(answer));
        }
        if (taken) return true;
        if (!worth_another_try(answer) || tried == tries_max) return false;
        const std::chrono::milliseconds asked = answer ? answer->retry_after : 0s;
        const auto random = std::chrono::duration_cast<std::chrono::milliseconds>(backoff * (0.5 + jitter()));
        if (!pause(std::min<std::chrono::milliseconds>(std::max(asked, random), wait_max), stop))
            return false;
        backoff *= 2;
    }
}

// False if there is no time for another try.
bool SpanExporter::pause(Clock::duration time, const std::stop_token& stop) {
    MutexLock lock(mutex_);
    changed_.wait_for(lock, stop, time, [this]() REQUIRES(mutex_) { return flushing_; });
    return !flushing_ && !stop.stop_requested();
}

void SpanExporter::note(std::size_t spans, bool sent) {
    const MutexLock lock(mutex_);
    (sent ? counts_.sent : counts_.dropped) += spans;
    in_hand_ = 0;
    if (!waiting_.empty()) oldest_ = Clock::now();
    changed_.notify_all();
}

void SpanExporter::flush(Clock::time_point deadline) {
    MutexLock lock(mutex_);
    flushing_ = true;
    changed_.notify_all();
    const bool empty = changed_.wait_until(lock, deadline, [this]() REQUIRES(mutex_) {
        return waiting_.empty() && in_hand_ == 0;
    });
    flushing_ = false;
    if (!empty || counts_.dropped > 0)
        log_warning(
            "spans that no collector took: " + std::to_string(counts_.dropped + waiting_.size() + in_hand_)
        );
}

SpanExporter::Counts SpanExporter::counts() const {
    const MutexLock lock(mutex_);
    return counts_;
}

}  // namespace vignette
