// The jobs in a worker's hand, and what it sends to the queue of them: what they say, in order, then their
// end, which is tried until Redis has it. Any thread; nobody waits. One thread and one connection of its own.
//
// The destructor drops what could not be sent: another worker takes those jobs.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/mutex.h"
#include "queue/job_queue.h"

namespace vignette {

class QueueSender {
public:
    QueueSender(const QueueAddress& address, std::string worker);

    // Before anything is said of it. `stop` ends the work on it, once it is no longer this worker's.
    void open(const std::string& id, std::string attempt, std::stop_source stop);

    void say(const std::string& id, std::string text);
    void progress(const std::string& id, std::string json);
    void finish(const std::string& id, WorkEnd end);  // nothing of it afterwards
    // The same; another worker shall take it.
    void hand_back(const std::string& id, JobQueue::Attempt attempt);
    void drop(const std::string& id);  // it is no longer ours: stops it

    // Those whose end Redis does not have yet.
    std::vector<std::pair<std::string, std::string>> held() const;  // ids and attempts

    // How many more fit below `most`, at least one; none once a stop is requested.
    std::size_t wait_for_room(std::size_t most, const std::stop_token& stop);
    bool wait_until_empty(std::chrono::steady_clock::time_point deadline);

private:
    struct Line {
        std::string attempt;
        std::stop_source stop;
        std::vector<std::string> texts;
        std::size_t said = 0;   // texts that have arrived
        std::size_t bytes = 0;  // of those that have not
        std::string progress;
        std::optional<WorkEnd> end;
        std::optional<JobQueue::Attempt> goes_back;
        bool has_work() const { return !texts.empty() || !progress.empty() || end || goes_back; }
    };
    struct Parcel {
        JobQueue::Held held;
        std::vector<std::string> texts;
        std::string progress;
        std::optional<WorkEnd> end;
        std::optional<JobQueue::Attempt> goes_back;
    };

    void send(const std::stop_token& stop);
    std::optional<Parcel> next() REQUIRES(mutex_);
    Result<bool> deliver(const Parcel& parcel);
    void arrived(const Parcel& parcel);
    void give_up(const std::string& id, const std::string& reason);

    const std::string worker_;
    JobQueue queue_;  // its thread's
    mutable Mutex mutex_;
    std::condition_variable_any changed_;
    std::map<std::string, Line> lines_ GUARDED_BY(mutex_);
    std::string last_ GUARDED_BY(mutex_);  // whose turn it was
    std::jthread thread_;                  // last member
};

}  // namespace vignette
