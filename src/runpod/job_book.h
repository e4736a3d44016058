// Which jobs this worker holds, from the moment they were handed out until their result has been delivered.
// Any thread may call any method.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <stop_token>
#include <vector>

#include "core/mutex.h"
#include "vignette/ids.h"

namespace vignette {

class JobBook {
public:
    // A job whose result is still to be made. `pictures` is its share of the worker's room. False: it is held
    // already, and the one that was handed out first is the one that is answered.
    bool open(const JobId& job, int pictures, std::stop_source stop);

    // A result that waits to be delivered, of this process or of one before it. False: held already.
    bool open_finished(const JobId& job);

    void fetching(const JobId& job, int pictures);  // so many more of its wait for the network
    void picture_done(const JobId& job);            // one of several: its part of the room is free
    bool claim(const JobId& job);   // false: its result is made already, or being made by somebody else
    void finish(const JobId& job);  // its result is made: its room is free
    void close(const JobId& job);   // its result is delivered, or will never be

    // Ends the work on a job; false when it is not running here.
    bool stop(const JobId& job);
    void stop_all();

    bool is_running(const JobId& job) const;  // until it is claimed
    std::vector<JobId> running() const;
    std::vector<JobId> held() const;
    int running_pictures() const;
    int undelivered() const;  // finished and not closed

    struct Held {
        int pictures = 0;     // of jobs that run
        int fetching = 0;     // of these, those that only wait for the network
        int jobs = 0;         // that run
        int undelivered = 0;  // results
    };

    // Waits until it is ready, a stop or the deadline; true when it is ready.
    using Clock = std::chrono::steady_clock;
    using Ready = std::function<bool(const Held& now)>;
    bool wait(std::stop_token stop, const Ready& ready);
    bool wait_until(Clock::time_point deadline, const Ready& ready);

private:
    struct Entry {
        std::stop_source stop;
        int pictures = 0;  // 0 once finished
        int fetching = 0;  // the same
        bool claimed = false;
        bool finished = false;
    };

    mutable Mutex mutex_;
    std::condition_variable_any changed_;
    std::map<JobId, Entry> entries_ GUARDED_BY(mutex_);
    Held held_ GUARDED_BY(mutex_);
};

}  // namespace vignette
