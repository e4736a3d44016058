#include "app/stop_signals.h"

#include <pthread.h>
#include <signal.h>

#include <cstdlib>

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

}  // namespace

StopSignals::StopSignals() {
    signal(SIGPIPE, SIG_IGN);  // the reader of our log may go away; the jobs go on
    signal(SIGXFSZ, SIG_IGN);  // a limit on the size of files fails the write, not the process
    const sigset_t signals = watched();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    thread_ = std::jthread([this](const std::stop_token& ending) { listen(ending); });
}

StopSignals::~StopSignals() {
    thread_.request_stop();
    pthread_kill(thread_.native_handle(), our_own);
}

void StopSignals::listen(const std::stop_token& ending) {
    const sigset_t signals = watched();
    for (int received = 0;;) {
        int number = 0;
        if (sigwait(&signals, &number) != 0 || ending.stop_requested()) return;
        if (number == our_own) continue;  // sent by someone else
        if (++received > 1) std::_Exit(128 + number);
        log_info("stopping: finishing the running jobs; a second signal ends the process at once");
        stop_.request_stop();
    }
}

}  // namespace vignette
