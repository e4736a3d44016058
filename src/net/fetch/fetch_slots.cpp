#include "net/fetch/fetch_slots.h"

#include <utility>

namespace vignette {
namespace {

int count(const std::map<std::string, int>& counts, const std::string& name) {
    const auto found = counts.find(name);
    return found == counts.end() ? 0 : found->second;
}

void count_down(std::map<std::string, int>& counts, const std::string& name) {
    const auto found = counts.find(name);
    if (--found->second == 0) counts.erase(found);
}

}  // namespace

FetchSlots::Slot::Slot(FetchSlots& slots, std::string job, std::string host)
    : slots_(&slots), job_(std::move(job)), host_(std::move(host)) {}

FetchSlots::Slot::Slot(Slot&& other) noexcept
    : slots_(std::exchange(other.slots_, nullptr)),
      job_(std::move(other.job_)),
      host_(std::move(other.host_)) {}

FetchSlots::Slot::~Slot() {
    if (slots_ != nullptr) slots_->give_back(job_, host_);
}

Result<FetchSlots::Slot> FetchSlots::acquire(
    const std::string& job, const std::string& host, Clock::time_point deadline, const std::stop_token& stop
) {
    Waiter waiter{.job = job, .host = host};
    MutexLock lock(mutex_);
    waiting_.push_back(&waiter);
    grant();
    if (granted_.wait_until(lock, stop, deadline, [&] { return waiter.granted; })) {
        return Slot(*this, job, host);
    }
    waiting_.remove(&waiter);
    if (stop.stop_requested()) return fail(ErrorCode::cancelled, "the fetch was cancelled");
    return fail(ErrorCode::too_slow, "too many addresses are being fetched; try again in a moment");
}

void FetchSlots::give_back(const std::string& job, const std::string& host) {
    const MutexLock lock(mutex_);
    --fetches_;
    count_down(hosts_, host);
    if (!job.empty()) count_down(jobs_, job);
    grant();
}

void FetchSlots::grant() {
    bool any = false;
    for (auto next = waiting_.begin(); next != waiting_.end() && fetches_ < limits_.fetches_max;) {
        const auto current = next++;
        Waiter& waiter = **current;
        if (!fits(waiter)) continue;
        ++fetches_;
        ++hosts_[waiter.host];
        if (!waiter.job.empty()) ++jobs_[waiter.job];
        waiter.granted = true;
        waiting_.erase(current);
        any = true;
    }
    if (any) granted_.notify_all();
}

bool FetchSlots::fits(const Waiter& waiter) const {
    return count(hosts_, waiter.host) < limits_.of_a_host_max &&
           (waiter.job.empty() || count(jobs_, waiter.job) < limits_.of_a_job_max);
}

}  // namespace vignette
