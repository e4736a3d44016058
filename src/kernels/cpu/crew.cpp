#include "kernels/cpu/crew.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace vignette {
namespace {

constexpr int looks_max = 4000;            // some 50 microseconds: longer than from one layer to the next
constexpr std::size_t parts_a_thread = 8;  // so that nobody waits long for one who was interrupted

void pause() {
#ifdef __x86_64__
    __builtin_ia32_pause();
#else
    std::this_thread::yield();
#endif
}

class Crew {
public:
    Crew() = default;
    Crew(const Crew&) = delete;
    Crew& operator=(const Crew&) = delete;
    ~Crew() {
        ended_ = true;
        call();
    }

    // False if another thread has it.
    bool share(std::size_t helpers, std::size_t count, std::size_t part, const Share& work);

private:
    void grow_to(std::size_t helpers);
    void call() {
        ++turn_;
        turn_.notify_all();
    }
    void help();
    void take_parts();

    std::atomic<bool> taken_ = false;
    std::atomic<int> turn_ = 0;       // another one: there may be work
    std::atomic<bool> open_ = false;  // what follows holds, and work may be begun
    std::atomic<int> inside_ = 0;     // helpers who look at it
    std::atomic<bool> ended_ = false;
    const Share* work_ = nullptr;
    std::size_t count_ = 0;
    std::size_t part_ = 0;
    std::atomic<std::size_t> next_ = 0;
    std::atomic<bool> failed_ = false;
    std::exception_ptr failure_;         // whoever set failed_ writes it
    std::vector<std::jthread> helpers_;  // last member
};

void Crew::grow_to(std::size_t helpers) {
    try {
        while (helpers_.size() < helpers) helpers_.emplace_back([this] { help(); });
    } catch (const std::system_error&) {
        return;  // with those there are
    }
}

bool Crew::share(std::size_t helpers, std::size_t count, std::size_t part, const Share& work) {
    if (taken_.exchange(true)) return false;
    grow_to(helpers);
    work_ = &work;
    count_ = count;
    part_ = part;
    next_ = 0;
    failed_ = false;
    failure_ = nullptr;
    open_ = true;
    call();
    take_parts();
    open_ = false;
    for (int looks = 0; inside_ != 0; ++looks) looks < looks_max ? pause() : std::this_thread::yield();
    const std::exception_ptr failure = std::exchange(failure_, nullptr);
    taken_ = false;
    if (failure) std::rethrow_exception(failure);
    return true;
}

void Crew::take_parts() {
    try {
        for (std::size_t begin; (begin = next_.fetch_add(part_)) < count_;)
            (*work_)(begin, std::min(begin + part_, count_));
    } catch (...) {
        if (!failed_.exchange(true)) failure_ = std::current_exception();
        next_ = count_;
    }
}

void Crew::help() {
    int seen = 0;
    while (!ended_) {
        int looks = 0;
        int turn;
        while ((turn = turn_) == seen) {
            if (++looks < looks_max) {
                pause();
            } else {
                turn_.wait(seen);
            }
        }
        seen = turn;
        // Whoever closes the work waits for those who came in before; who comes later finds it closed.
        ++inside_;
        if (open_) take_parts();
        --inside_;
    }
}

}  // namespace

void share_work(int threads, std::size_t count, std::size_t least, const Share& work) {
    static Crew crew;
    const auto all = static_cast<std::size_t>(std::max(threads, 1));
    const std::size_t part = std::max(least, count / (all * parts_a_thread));
    if (all == 1 || count <= part || !crew.share(all - 1, count, part, work)) work(0, count);
}

}  // namespace vignette
