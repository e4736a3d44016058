#include "app/stop_signals.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "app/exit_codes.h"
#include "core/log.h"

namespace vignette {
namespace {

constexpr int our_own = SIGUSR2;  // wakes the listening thread at the end

sigset_t watched() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int number : {SIGTERM, SIGINT, our_own}) sigaddset(&signals, number);
    return signals;
}

// The next signal, or 0 at the deadline.
int wait_for_signal(const sigset_t& signals, StopSignals::Clock::time_point deadline) {
    using namespace std::chrono;
    if (deadline == StopSignals::Clock::time_point::max()) return sigwaitinfo(&signals, nullptr);
    const auto left = std::max<nanoseconds>(deadline - StopSignals::Clock::now(), nanoseconds{0});
    const timespec wait{.tv_sec = left / 1s, .tv_nsec = (left % 1s).count()};
    const int number = sigtimedwait(&signals, nullptr, &wait);
    return number < 0 && errno == EAGAIN ? 0 : number;
}

}  // namespace

StopSignals::StopSignals(std::optional<Clock::duration> life_after) : life_after_(life_after) {
    signal(SIGPIPE, SIG_IGN);  // the reader of our log may go away; the jobs go on
    signal(SIGXFSZ, SIG_IGN);  // a limit on the size of files fails the write, not the process
    const sigset_t signals = watched();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    thread_ = std::jthread([this](const std::stop_token& ending) { listen(ending); });
}

std::optional<StopSignals::Clock::time_point> StopSignals::signalled_at() const {
    const Clock::time_point at = signalled_at_;
    return at == Clock::time_point{} ? std::nullopt : std::optional(at);
}

StopSignals::~StopSignals() {
    thread_.request_stop();
    pthread_kill(thread_.native_handle(), our_own);
}

void StopSignals::listen(const std::stop_token& ending) {
    const sigset_t signals = watched();
    Clock::time_point deadline = Clock::time_point::max();
    for (int received = 0;;) {
        const int number = wait_for_signal(signals, deadline);
        if (ending.stop_requested()) return;
        if (number == 0) {
            log_error("leaving, because the end has taken too long");
            std::_Exit(exit_failed);
        }
        if (number < 0 || number == our_own) continue;  // interrupted; sent by someone else
        if (++received > 1) std::_Exit(128 + number);
        signalled_at_ = Clock::now();
        if (life_after_) deadline = Clock::now() + *life_after_;
        log_info("stopping: finishing the running jobs; a second signal ends the process at once");
        stop_.request_stop();
    }
}

}  // namespace vignette
