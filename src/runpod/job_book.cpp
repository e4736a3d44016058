#include "runpod/job_book.h"

#include <utility>

#include "vignette/invariant.h"

namespace vignette {

bool JobBook::open(const JobId& job, int pictures, std::stop_source stop) {
    const MutexLock lock(mutex_);
    if (!entries_.try_emplace(job, Entry{.stop = std::move(stop), .pictures = pictures}).second) return false;
    held_.pictures += pictures;
    ++held_.jobs;
    return true;
}

bool JobBook::open_finished(const JobId& job) {
    const MutexLock lock(mutex_);
    if (!entries_.try_emplace(job, Entry{.stop = std::stop_source(std::nostopstate), .finished = true})
             .second)
        return false;
    ++held_.undelivered;
    return true;
}

void JobBook::fetching(const JobId& job, int pictures) {
    const MutexLock lock(mutex_);
    const auto entry = entries_.find(job);
    if (entry == entries_.end() || entry->second.finished) return;
    entry->second.fetching += pictures;
    held_.fetching += pictures;
    changed_.notify_all();
}

void JobBook::picture_done(const JobId& job) {
    const MutexLock lock(mutex_);
    const auto entry = entries_.find(job);
    if (entry == entries_.end() || entry->second.pictures <= 1)
        return;  // the last one's room goes with the job
    --entry->second.pictures;
    --held_.pictures;
    changed_.notify_all();
}

bool JobBook::claim(const JobId& job) {
    const MutexLock lock(mutex_);
    const auto entry = entries_.find(job);
    if (entry == entries_.end() || entry->second.finished) return false;
    return !std::exchange(entry->second.claimed, true);
}

void JobBook::finish(const JobId& job) {
    const MutexLock lock(mutex_);
    const auto entry = entries_.find(job);
    ASSERT(entry != entries_.end() && !entry->second.finished);
    held_.pictures -= std::exchange(entry->second.pictures, 0);
    held_.fetching -= std::exchange(entry->second.fetching, 0);
    --held_.jobs;
    entry->second.finished = true;
    ++held_.undelivered;
    changed_.notify_all();
}

void JobBook::close(const JobId& job) {
    const MutexLock lock(mutex_);
    const auto entry = entries_.find(job);
    ASSERT(entry != entries_.end() && entry->second.finished);
    entries_.erase(entry);
    --held_.undelivered;
    changed_.notify_all();
}

bool JobBook::stop(const JobId& job) {
    std::stop_source source(std::nostopstate);
    {
        const MutexLock lock(mutex_);
        const auto entry = entries_.find(job);
        if (entry == entries_.end() || entry->second.finished) return false;
        source = entry->second.stop;
    }
    return source.request_stop();  // outside the lock: callbacks may run here
}

void JobBook::stop_all() {
    std::vector<std::stop_source> sources;
    {
        const MutexLock lock(mutex_);
        for (const auto& [job, entry] : entries_) {
            if (!entry.finished) sources.push_back(entry.stop);
        }
    }
    for (std::stop_source& source : sources) source.request_stop();
}

bool JobBook::is_running(const JobId& job) const {
    const MutexLock lock(mutex_);
    const auto entry = entries_.find(job);
    return entry != entries_.end() && !entry->second.claimed && !entry->second.finished;
}

std::vector<JobId> JobBook::running() const {
    const MutexLock lock(mutex_);
    std::vector<JobId> jobs;
    for (const auto& [job, entry] : entries_) {
        if (!entry.claimed && !entry.finished) jobs.push_back(job);
    }
    return jobs;
}

std::vector<JobId> JobBook::held() const {
    const MutexLock lock(mutex_);
    std::vector<JobId> jobs;
    jobs.reserve(entries_.size());
    for (const auto& [job, entry] : entries_) jobs.push_back(job);
    return jobs;
}

int JobBook::running_pictures() const {
    const MutexLock lock(mutex_);
    return held_.pictures;
}

int JobBook::undelivered() const {
    const MutexLock lock(mutex_);
    return held_.undelivered;
}

bool JobBook::wait(std::stop_token stop, const Ready& ready) {
    MutexLock lock(mutex_);
    return changed_.wait(lock, std::move(stop), [&]() REQUIRES(mutex_) { return ready(held_); });
}

bool JobBook::wait_until(Clock::time_point deadline, const Ready& ready) {
    MutexLock lock(mutex_);
    return changed_.wait_until(lock, deadline, [&]() REQUIRES(mutex_) { return ready(held_); });
}

}  // namespace vignette
