// A mutex whose rules clang checks while it compiles (-Wthread-safety); other compilers ignore them.
//
// GUARDED_BY names the mutex that a member needs, REQUIRES the one that a function's callers hold. Lambdas
// are checked as functions of their own: a condition to wait for says REQUIRES too.
#pragma once

#include <mutex>

#if defined(__clang__)
#define VIGNETTE_THREAD_SAFETY(...) __attribute__((__VA_ARGS__))
#else
#define VIGNETTE_THREAD_SAFETY(...)
#endif

#define GUARDED_BY(mutex) VIGNETTE_THREAD_SAFETY(guarded_by(mutex))
#define REQUIRES(mutex) VIGNETTE_THREAD_SAFETY(requires_capability(mutex))

namespace vignette {

class VIGNETTE_THREAD_SAFETY(capability("mutex")) Mutex {
public:
    void lock() VIGNETTE_THREAD_SAFETY(acquire_capability()) { mutex_.lock(); }
    void unlock() VIGNETTE_THREAD_SAFETY(release_capability()) { mutex_.unlock(); }

private:
    std::mutex mutex_;
};

// Holds a mutex until it goes out of scope. std::condition_variable_any can wait with it.
class VIGNETTE_THREAD_SAFETY(scoped_lockable) MutexLock {
public:
    explicit MutexLock(Mutex& mutex) VIGNETTE_THREAD_SAFETY(acquire_capability(mutex)) : mutex_(mutex) {
        mutex_.lock();
    }
    ~MutexLock() VIGNETTE_THREAD_SAFETY(release_capability()) {
        if (held_) mutex_.unlock();
    }
    MutexLock(const MutexLock&) = delete;
    MutexLock& operator=(const MutexLock&) = delete;

    void lock() VIGNETTE_THREAD_SAFETY(acquire_capability()) {
        mutex_.lock();
        held_ = true;
    }
    void unlock() VIGNETTE_THREAD_SAFETY(release_capability()) {
        held_ = false;
        mutex_.unlock();
    }

private:
    Mutex& mutex_;
    bool held_ = true;
};

}  // namespace vignette
