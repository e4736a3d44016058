#include "caption/media/media_gate.h"

#include <algorithm>

namespace vignette {

Result<MediaGate::Pass> MediaGate::enter(const JobId& job, std::size_t bytes, const std::stop_token& stop) {
    Waiter self{.bytes = std::min(bytes, bytes_max_)};
    MutexLock lock(mutex_);
    waiting_.add(job, &self);
    admit();
    admitted_.wait(lock, stop, [&] { return self.admitted; });
    if (self.admitted) return Pass(this, self.bytes);
    waiting_.remove(&self);
    admit();  // it may have stood in the way
    return fail(ErrorCode::cancelled, "the job was stopped");
}

std::optional<MediaGate::Pass> MediaGate::try_enter() {
    const MutexLock lock(mutex_);
    if (!waiting_.empty() || inside_ >= places_) return std::nullopt;
    ++inside_;
    return Pass(this, 0);
}

void MediaGate::leave(std::size_t bytes) {
    const MutexLock lock(mutex_);
    --inside_;
    bytes_ -= bytes;
    admit();
}

void MediaGate::give_back(std::size_t bytes) {
    const MutexLock lock(mutex_);
    bytes_ -= bytes;
    admit();
}

// Strictly in turn: whatever needs much memory must not starve behind a stream of small requests.
void MediaGate::admit() {
    bool any = false;
    while (!waiting_.empty() && inside_ < places_ && waiting_.front()->bytes <= bytes_max_ - bytes_) {
        Waiter* next = waiting_.pop();
        next->admitted = true;
        ++inside_;
        bytes_ += next->bytes;
        any = true;
    }
    if (any) admitted_.notify_all();
}

}  // namespace vignette
