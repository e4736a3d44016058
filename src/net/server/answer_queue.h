// What an exchange's owner has said and its connection has not sent yet. Any thread.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "core/mutex.h"
#include "net/server/exchange.h"

namespace vignette {

class AnswerQueue {
public:
    struct Part {
        enum class Kind { whole, head, piece, end } kind;
        ServedResponse response;  // of whole and head
        std::string piece;
    };

    explicit AnswerQueue(std::size_t unsent_bytes_max) : unsent_bytes_max_(unsent_bytes_max) {}

    // `wake` is called on the thread of whoever adds a part from now on, never after detach().
    void attach(std::function<void()> wake) {
        const MutexLock lock(mutex_);
        wake_ = std::move(wake);
    }

    // The connection has ended: from now on everything is discarded.
    void detach() {
        {
            const MutexLock lock(mutex_);
            wake_ = nullptr;
            detached_ = true;
            parts_.clear();
        }
        gone_.request_stop();
    }

    void add(Part part);
    std::optional<Part> next();

    bool begun() const {
        const MutexLock lock(mutex_);
        return begun_;
    }
    bool ended() const {
        const MutexLock lock(mutex_);
        return ended_;
    }
    std::stop_token gone() const { return gone_.get_token(); }
    bool overrun() const {
        const MutexLock lock(mutex_);
        return overrun_;
    }

private:
    bool accepts(Part::Kind kind) const REQUIRES(mutex_);

    const std::size_t unsent_bytes_max_;
    std::stop_source gone_;
    mutable Mutex mutex_;
    std::deque<Part> parts_ GUARDED_BY(mutex_);
    std::size_t unsent_bytes_ GUARDED_BY(mutex_) = 0;
    bool detached_ GUARDED_BY(mutex_) = false;
    bool begun_ GUARDED_BY(mutex_) = false;
    bool ended_ GUARDED_BY(mutex_) = false;
    bool overrun_ GUARDED_BY(mutex_) = false;
    std::function<void()> wake_ GUARDED_BY(mutex_);
};

}  // namespace vignette
