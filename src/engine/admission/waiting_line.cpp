#include "engine/admission/waiting_line.h"

#include <algorithm>
#include <ranges>
#include <utility>

namespace vignette {
namespace {

constexpr std::uint64_t passes_of_each_further = 8;  // later arrivals that a job's further request lets pass

}  // namespace

bool WaitingLine::enter(GenerationCall one) {
    const MutexLock lock(mutex_);
    if (closed_ || entries_.size() >= options_.most) return false;
    one.place = ++arrivals_ + passes_of_each_further * waiting_of(one.request.job);
    insert({.state = State::unseen, .call = std::move(one)});
    startable_.notify_one();
    if (busy_) visible_.notify_one();
    return true;
}

void WaitingLine::close() {
    const MutexLock lock(mutex_);
    closed_ = true;
    startable_.notify_one();
    visible_.notify_one();
}

bool WaitingLine::wait() {
    MutexLock lock(mutex_);
    startable_.wait(lock, [this]() REQUIRES(mutex_) {
        return entries_.empty() ? closed_ : may_start(entries_.front());
    });
    if (entries_.empty()) return false;
    const auto latest = entries_.front().call.arrived + options_.company_wait;
    startable_.wait_until(lock, latest, [this]() REQUIRES(mutex_) {
        return closed_ || entries_.size() >= options_.company;
    });
    return true;
}

std::optional<GenerationCall> WaitingLine::take_if(const Fits& fits) {
    const MutexLock lock(mutex_);
    if (entries_.empty() || !may_start(entries_.front())) return std::nullopt;
    if (!fits(entries_.front().call)) return std::nullopt;
    GenerationCall first = std::move(entries_.front().call);
    entries_.pop_front();
    if (busy_) visible_.notify_one();
    return first;
}

void WaitingLine::take_back(GenerationCall one) {
    const MutexLock lock(mutex_);
    insert({.state = State::seen, .call = std::move(one)});
}

std::vector<GenerationCall> WaitingLine::take_cancelled() {
    const MutexLock lock(mutex_);
    std::vector<GenerationCall> cancelled;
    std::erase_if(entries_, [&](Entry& one) {
        if (!one.call.request.stop.stop_requested()) return false;
        cancelled.push_back(std::move(one.call));
        return true;
    });
    return cancelled;
}

std::vector<GenerationCall> WaitingLine::take_all() {
    const MutexLock lock(mutex_);
    std::vector<GenerationCall> all;
    for (Entry& one : entries_) all.push_back(std::move(one.call));
    entries_.clear();
    return all;
}

void WaitingLine::set_busy(bool busy) {
    const MutexLock lock(mutex_);
    if (busy_ == busy) return;
    busy_ = busy;
    if (busy) visible_.notify_one();
}

std::optional<WaitingLine::Pictures> WaitingLine::next_to_see() {
    MutexLock lock(mutex_);
    Pictures pictures;
    visible_.wait(lock, [&]() REQUIRES(mutex_) {
        if (!closed_ && busy_) pictures = begin_to_look();
        return closed_ || !pictures.empty();
    });
    if (pictures.empty()) return std::nullopt;
    return pictures;
}

void WaitingLine::seen(std::chrono::microseconds time) {
    const MutexLock lock(mutex_);
    for (Entry& one : entries_) {
        if (one.state != State::looked_at) continue;
        one.state = State::seen;
        one.call.looked = time;
    }
    startable_.notify_one();
}

bool WaitingLine::may_start(const Entry& one) const {
    if (options_.ahead_max == 0) return true;
    return busy_ ? one.state == State::seen : one.state != State::looked_at;
}

// Who belongs to no job is nobody's further request.
std::uint64_t WaitingLine::waiting_of(const JobId& job) const {
    if (job.value.empty()) return 0;
    return static_cast<std::uint64_t>(std::ranges::count_if(entries_, [&](const Entry& one) {
        return one.call.request.job == job;
    }));
}

void WaitingLine::insert(Entry one) {
    auto behind = entries_.end();
    while (behind != entries_.begin() && std::prev(behind)->call.place > one.call.place) --behind;
    entries_.insert(behind, std::move(one));
}

// Of the first in line, whoever was seen behind them: who passed others must not wait for those to start.
WaitingLine::Pictures WaitingLine::begin_to_look() {
    Pictures pictures;
    for (Entry& one : entries_ | std::views::take(static_cast<std::ptrdiff_t>(options_.ahead_max))) {
        if (one.state != State::unseen) continue;
        one.state = State::looked_at;
        const auto& asked = one.call.request.pictures;
        pictures.insert(pictures.end(), asked.begin(), asked.end());
    }
    return pictures;
}

}  // namespace vignette
