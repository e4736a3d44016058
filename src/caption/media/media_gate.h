// Bounds how many pictures are worked on at once and how much memory they take together. Whoever comes in
// does the work on its own thread; the others wait, and their jobs take turns. Any thread.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <optional>
#include <stop_token>
#include <utility>

#include "core/fair_line.h"
#include "core/mutex.h"
#include "vignette/error.h"
#include "vignette/ids.h"

namespace vignette {

class MediaGate {
public:
    MediaGate(int places, std::size_t bytes_max) : places_(places), bytes_max_(bytes_max) {}
    MediaGate(const MediaGate&) = delete;
    MediaGate& operator=(const MediaGate&) = delete;

    // Leaves when it dies; the gate outlives it.
    class Pass {
    public:
        Pass() = default;
        Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)), bytes_(other.bytes_) {}
        Pass& operator=(Pass&& other) noexcept {
            std::swap(gate_, other.gate_);
            std::swap(bytes_, other.bytes_);
            return *this;
        }
        // Less than it asked for will do.
        void shrink(std::size_t bytes) {
            if (gate_ == nullptr || bytes >= bytes_) return;
            gate_->give_back(bytes_ - bytes);
            bytes_ = bytes;
        }
        ~Pass() {
            if (gate_ != nullptr) gate_->leave(bytes_);
        }

    private:
        friend class MediaGate;
        Pass(MediaGate* gate, std::size_t bytes) : gate_(gate), bytes_(bytes) {}

        MediaGate* gate_ = nullptr;
        std::size_t bytes_ = 0;
    };

    // Waits for a place and for `bytes`; what asks for more than there are comes in alone. `cancelled` when
    // a stop is requested meanwhile. Never wait here while holding another pass of the same gate.
    Result<Pass> enter(const JobId& job, std::size_t bytes, const std::stop_token& stop);

    // A place that nobody is waiting for: for a second thread of someone who is already inside.
    std::optional<Pass> try_enter();

private:
    struct Waiter {
        std::size_t bytes = 0;
        bool admitted = false;
    };

    void admit() REQUIRES(mutex_);
    void leave(std::size_t bytes);
    void give_back(std::size_t bytes);

    const int places_;
    const std::size_t bytes_max_;
    Mutex mutex_;
    std::condition_variable_any admitted_;
    FairLine<Waiter*> waiting_ GUARDED_BY(mutex_);
    int inside_ GUARDED_BY(mutex_) = 0;
    std::size_t bytes_ GUARDED_BY(mutex_) = 0;
};

}  // namespace vignette
