// A fair queue: waiting jobs are served round-robin, the entries of one job in order of arrival. One thread
// at a time.
#pragma once

#include <algorithm>
#include <deque>
#include <list>
#include <utility>

#include "vignette/ids.h"
#include "vignette/invariant.h"

namespace vignette {

template <class T>
class FairLine {
public:
    bool empty() const { return jobs_.empty(); }

    void add(const JobId& job, T one) {
        auto found = std::ranges::find(jobs_, job, &Waiting::job);
        if (found == jobs_.end()) found = jobs_.insert(jobs_.end(), Waiting{job, {}});
        found->those.push_back(std::move(one));
    }

    const T& front() const {
        ASSERT(!empty());
        return jobs_.front().those.front();
    }

    // The next in line; its job then goes to the end of the queue.
    T pop() {
        ASSERT(!empty());
        Waiting& next = jobs_.front();
        T one = std::move(next.those.front());
        next.those.pop_front();
        if (next.those.empty()) {
            jobs_.pop_front();
        } else {
            jobs_.splice(jobs_.end(), jobs_, jobs_.begin());
        }
        return one;
    }

    void remove(const T& one) {
        for (auto job = jobs_.begin(); job != jobs_.end(); ++job) {
            if (std::erase(job->those, one) == 0) continue;
            if (job->those.empty()) jobs_.erase(job);
            return;
        }
    }

private:
    struct Waiting {
        JobId job;
        std::deque<T> those;  // never empty
    };
    std::list<Waiting> jobs_;
};

}  // namespace vignette
