#include "queue/sender.h"

#include <algorithm>

#include "core/log.h"
#include "core/stop.h"
#include "queue/backoff.h"
#include "vignette/bytes.h"

namespace vignette {
namespace {

constexpr std::size_t unsent_bytes_max = 32 * MiB;  // of one job, while Redis is away
constexpr std::size_t texts_max = 500;              // of one step: Lua's stack holds a few thousand

}  // namespace

QueueSender::QueueSender(const QueueAddress& address, std::string worker)
    : worker_(std::move(worker)),
      queue_(address),
      thread_([this](const std::stop_token& stop) { send(stop); }) {}

void QueueSender::open(const std::string& id, std::string attempt, std::stop_source stop) {
    drop(id);  // an earlier attempt of this same worker
    const MutexLock lock(mutex_);
    Line& line = lines_[id];
    line.attempt = std::move(attempt);
    line.stop = std::move(stop);
}

void QueueSender::say(const std::string& id, std::string text) {
    bool too_much = false;
    {
        const MutexLock lock(mutex_);
        const auto line = lines_.find(id);
        if (line == lines_.end() || line->second.end || line->second.goes_back) return;
        line->second.bytes += text.size();
        too_much = line->second.bytes > unsent_bytes_max;
        if (!too_much) line->second.texts.push_back(std::move(text));
        changed_.notify_all();
    }
    if (too_much) give_up(id, "the job has said more than this worker keeps while the queue is away");
}

void QueueSender::progress(const std::string& id, std::string json) {
    const MutexLock lock(mutex_);
    if (const auto line = lines_.find(id); line != lines_.end()) line->second.progress = std::move(json);
    changed_.notify_all();
}

void QueueSender::finish(const std::string& id, WorkEnd end) {
    const MutexLock lock(mutex_);
    const auto line = lines_.find(id);
    if (line == lines_.end() || line->second.end || line->second.goes_back) return;
    line->second.end = std::move(end);
    changed_.notify_all();
}

void QueueSender::hand_back(const std::string& id, JobQueue::Attempt attempt) {
    const MutexLock lock(mutex_);
    const auto line = lines_.find(id);
    if (line == lines_.end() || line->second.end) return;
    line->second.goes_back = attempt;
    changed_.notify_all();
}

void QueueSender::drop(const std::string& id) {
    std::stop_source stop(std::nostopstate);
    {
        const MutexLock lock(mutex_);
        const auto line = lines_.find(id);
        if (line == lines_.end()) return;
        stop = line->second.stop;
        lines_.erase(line);
        changed_.notify_all();
    }
    stop.request_stop();
}

// It ends here and now, as failed.
void QueueSender::give_up(const std::string& id, const std::string& reason) {
    std::stop_source stop(std::nostopstate);
    {
        const MutexLock lock(mutex_);
        const auto line = lines_.find(id);
        if (line == lines_.end() || line->second.end) return;
        line->second.end = WorkEnd{.state = JobState::failed, .output = {}, .error = reason};
        line->second.texts.clear();
        stop = line->second.stop;
        changed_.notify_all();
    }
    log_warning(reason, id);
    stop.request_stop();
}

std::vector<std::pair<std::string, std::string>> QueueSender::held() const {
    const MutexLock lock(mutex_);
    std::vector<std::pair<std::string, std::string>> held;
    held.reserve(lines_.size());
    for (const auto& [id, line] : lines_) held.emplace_back(id, line.attempt);
    return held;
}

std::size_t QueueSender::wait_for_room(std::size_t most, const std::stop_token& stop) {
    MutexLock lock(mutex_);
    changed_.wait(lock, stop, [&]() REQUIRES(mutex_) { return lines_.size() < most; });
    return stop.stop_requested() ? 0 : most - lines_.size();
}

bool QueueSender::wait_until_empty(std::chrono::steady_clock::time_point deadline) {
    MutexLock lock(mutex_);
    return changed_.wait_until(lock, deadline, [this]() REQUIRES(mutex_) { return lines_.empty(); });
}

// The jobs take turns, by id.
std::optional<QueueSender::Parcel> QueueSender::next() {
    const auto has_work = [](const auto& entry) { return entry.second.has_work(); };
    const auto start = lines_.upper_bound(last_);
    auto line = std::find_if(start, lines_.end(), has_work);
    if (line == lines_.end()) line = std::find_if(lines_.begin(), start, has_work);
    if (line == lines_.end() || !line->second.has_work()) return std::nullopt;
    const Line& one = line->second;
    last_ = line->first;
    Parcel parcel{
        .held = {.worker = worker_, .id = line->first, .attempt = one.attempt, .said = one.said},
        .texts = {},
        .progress = one.progress,
        .end = {},
        .goes_back = one.goes_back,
    };
    const std::size_t count = std::min(one.texts.size(), texts_max);
    parcel.texts.assign(one.texts.begin(), one.texts.begin() + static_cast<std::ptrdiff_t>(count));
    if (count == one.texts.size()) parcel.end = one.end;
    return parcel;
}

Result<bool> QueueSender::deliver(const Parcel& parcel) {
    if (parcel.goes_back) {
        TRY(queue_.hand_back(parcel.held, *parcel.goes_back));
        return true;
    }
    if (parcel.end) return queue_.finish(parcel.held, *parcel.end, parcel.texts);
    return queue_.say(parcel.held, parcel.progress, parcel.texts);
}

void QueueSender::arrived(const Parcel& parcel) {
    const MutexLock lock(mutex_);
    const auto line = lines_.find(parcel.held.id);
    if (line == lines_.end() || line->second.attempt != parcel.held.attempt) return;
    if (parcel.end || parcel.goes_back) {
        lines_.erase(line);
        changed_.notify_all();
        return;
    }
    Line& one = line->second;
    one.texts.erase(one.texts.begin(), one.texts.begin() + static_cast<std::ptrdiff_t>(parcel.texts.size()));
    for (const std::string& text : parcel.texts) one.bytes -= text.size();
    one.said += parcel.texts.size();
    if (one.progress == parcel.progress) one.progress.clear();
}

void QueueSender::send(const std::stop_token& stop) {
    Backoff backoff;
    while (true) {
        std::optional<Parcel> parcel;
        {
            MutexLock lock(mutex_);
            changed_.wait(lock, stop, [&]() REQUIRES(mutex_) { return (parcel = next()).has_value(); });
            if (!parcel) return;  // stopped
        }
        const Result<bool> sent = deliver(*parcel);
        if (sent && *sent) {
            arrived(*parcel);
            backoff.reset();
        } else if (sent) {
            log_warning(
                "this job is no longer ours: another worker has it, or it was cancelled", parcel->held.id
            );
            drop(parcel->held.id);
        } else if (sent.error().code == ErrorCode::too_large) {
            give_up(parcel->held.id, sent.error().message);
        } else {
            if (backoff.is_first())
                log_error("cannot send to the queue, trying again: " + sent.error().message, parcel->held.id);
            if (!wait_for(backoff.next(), stop)) return;
        }
    }
}

}  // namespace vignette
