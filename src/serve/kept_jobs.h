// Jobs that hold something which may be given up, the oldest first, once it is too much. The store's lock
// guards it.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <unordered_map>
#include <utility>

#include "serve/job_record.h"

namespace vignette {

class KeptJobs {
public:
    explicit KeptJobs(std::size_t bytes_max) : bytes_max_(bytes_max) {}

    void add(const std::shared_ptr<JobRecord>& job, std::size_t bytes) {
        remove(*job);
        jobs_.push_back({job, bytes});
        places_.emplace(job.get(), std::prev(jobs_.end()));
        bytes_ += bytes;
    }

    void remove(const JobRecord& job) {
        const auto place = places_.find(&job);
        if (place == places_.end()) return;
        bytes_ -= place->second->bytes;
        jobs_.erase(place->second);
        places_.erase(place);
    }

    // Takes out the oldest if it is too much; null if it is not.
    std::shared_ptr<JobRecord> take_excess() {
        if (bytes_ <= bytes_max_ || jobs_.empty()) return nullptr;
        std::shared_ptr<JobRecord> oldest = jobs_.front().job;
        remove(*oldest);
        return oldest;
    }

private:
    struct Kept {
        std::shared_ptr<JobRecord> job;
        std::size_t bytes;
    };

    const std::size_t bytes_max_;
    std::size_t bytes_ = 0;
    std::list<Kept> jobs_;
    std::unordered_map<const JobRecord*, std::list<Kept>::iterator> places_;
};

}  // namespace vignette
