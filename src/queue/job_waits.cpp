#include "queue/job_waits.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace vignette {

void JobWaits::add(
    const std::string& id, Until what, Deadlines::Clock::time_point until, QueueCrew::Task then
) {
    const auto once = std::make_shared<Once>([this, then = std::move(then)] { crew_.add(then); });
    const MutexLock lock(mutex_);
    waiters_[id].push_back({what, once, deadlines_.at(until, [this, id, once] {
                                (*once)();
                                const MutexLock forgetting(mutex_);
                                const auto place = waiters_.find(id);
                                if (place == waiters_.end()) return;
                                std::erase_if(place->second, [](const JobWaiter& one) {
                                    return one.then->called();
                                });
                                if (place->second.empty()) waiters_.erase(place);
                            })});
}

void JobWaits::wake(const std::string& id, Until what) {
    std::vector<JobWaiter> woken;
    {
        const MutexLock lock(mutex_);
        const auto place = waiters_.find(id);
        if (place == waiters_.end()) return;
        auto& all = place->second;
        const auto hears = [what](const JobWaiter& one) {
            return what == Until::ended || one.what == Until::news;
        };
        std::ranges::copy_if(all, std::back_inserter(woken), hears);
        std::erase_if(all, hears);
        if (all.empty()) waiters_.erase(place);
    }
    for (const JobWaiter& one : woken) {
        deadlines_.forget(one.end);
        (*one.then)();
    }
}

void JobWaits::look_at(JobQueue& queue, const std::string& id) {
    const auto news = queue.peek(id);
    if (!news) return;  // Redis is away: it is looked at again soon
    if (!*news || is_final((*news)->status.state)) return wake(id, Until::ended);
    if ((*news)->unread > 0) wake(id, Until::news);
}

void JobWaits::look_at_all() {
    std::vector<std::string> ids;
    {
        const MutexLock lock(mutex_);
        for (const auto& [id, waiting] : waiters_) ids.push_back(id);
    }
    for (const std::string& id : ids) crew_.add([this, id](JobQueue& queue) { look_at(queue, id); });
}

void JobWaits::wake_all() {
    std::vector<std::string> ids;
    {
        const MutexLock lock(mutex_);
        for (const auto& [id, waiting] : waiters_) ids.push_back(id);
    }
    for (const std::string& id : ids) wake(id, Until::ended);
}

}  // namespace vignette
