// SIGTERM and SIGINT as a stop token. Create it before any other thread, because threads inherit the mask
// that blocks these signals. A second signal ends the process at once.
#pragma once

#include <stop_token>
#include <thread>

namespace vignette {

class StopSignals {
public:
    StopSignals();
    ~StopSignals();
    StopSignals(const StopSignals&) = delete;
    StopSignals& operator=(const StopSignals&) = delete;

    std::stop_token token() const { return stop_.get_token(); }
    void request_stop() { stop_.request_stop(); }  // for reasons of our own

private:
    void listen(const std::stop_token& ending);

    std::stop_source stop_;
    std::jthread thread_;  // last member
};

}  // namespace vignette
