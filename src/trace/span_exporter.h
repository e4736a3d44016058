// Sends spans to a collector in batches, on a thread of its own. Any thread may add one; nobody waits for the
// collector: what does not fit is dropped and counted.
//
// The destructor breaks off what is under way and drops the rest; flush() first.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <thread>
#include <vector>

#include "core/mutex.h"
#include "net/client/http_client.h"
#include "trace/trace_settings.h"

namespace vignette {

class SpanExporter {
public:
    struct Counts {
        std::uint64_t sent = 0;
        std::uint64_t dropped = 0;
    };

    SpanExporter(TraceSettings settings, const std::string& user_agent);
    ~SpanExporter();
    SpanExporter(const SpanExporter&) = delete;
    SpanExporter& operator=(const SpanExporter&) = delete;

    void add(std::vector<Span> spans);

    // Sends what is there, each batch once: a collector that is gone does not hold up the end.
    void flush(std::chrono::steady_clock::time_point deadline);

    Counts counts() const;

private:
    using Clock = std::chrono::steady_clock;

    void run(const std::stop_token& stop);
    std::vector<Span> next_batch(const std::stop_token& stop);
    bool send(const std::vector<Span>& batch, const std::stop_token& stop);
    bool pause(Clock::duration time, const std::stop_token& stop);
    void note(std::size_t spans, bool sent);

    const TraceSettings settings_;
    HttpClient client_;
    mutable Mutex mutex_;
    std::condition_variable_any changed_;
    std::vector<Span> waiting_ GUARDED_BY(mutex_);
    std::size_t in_hand_ GUARDED_BY(mutex_) = 0;
    Clock::time_point oldest_ GUARDED_BY(mutex_);  // of those that wait
    bool flushing_ GUARDED_BY(mutex_) = false;
    Counts counts_ GUARDED_BY(mutex_);
    bool failing_ = false;  // this thread
    std::jthread thread_;   // last member
};

}  // namespace vignette
