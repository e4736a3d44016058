#include "caption/media/helper_threads.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <utility>

namespace vignette {
namespace {

// In a virtual machine Linux mistakes a sleeping core for one that was taken away, and wakes a thread on its
// caller's core, where it starts only when the caller has finished. So its affinity excludes that core. Where
// this is not possible, nothing is gained or lost.
void keep_off_this_core(pthread_t thread) {
    const int here = sched_getcpu();
    cpu_set_t cores;
    if (here < 0 || sched_getaffinity(0, sizeof cores, &cores) != 0) return;
    CPU_CLR(static_cast<std::size_t>(here), &cores);
    if (CPU_COUNT(&cores) > 0) pthread_setaffinity_np(thread, sizeof cores, &cores);
}

}  // namespace

HelperThreads::HelperThreads(int count) {
    for (int i = 0; i < count; ++i) {
        Helper& helper = *helpers_.emplace_back(std::make_unique<Helper>());
        helper.thread = std::jthread([this, &helper](const std::stop_token& stop) { work(helper, stop); });
    }
}

bool HelperThreads::run(Task task) {
    const MutexLock lock(mutex_);
    const auto free = std::ranges::find_if(helpers_, [](const auto& helper) { return !helper->busy; });
    if (free == helpers_.end()) return false;
    Helper& helper = **free;
    helper.busy = true;
    helper.task = std::move(task);
    keep_off_this_core(helper.thread.native_handle());
    helper.called.notify_one();
    return true;
}

void HelperThreads::work(Helper& self, const std::stop_token& stop) {
    MutexLock lock(mutex_);
    while (self.called.wait(lock, stop, [&] { return static_cast<bool>(self.task); })) {
        const Task task = std::exchange(self.task, nullptr);
        lock.unlock();
        task();
        lock.lock();
        self.busy = false;
    }
}

}  // namespace vignette
