// Who waits for the model, in the order in which they will start, and whose pictures are looked at meanwhile.
// Any thread may call any method; one of them starts the waiting, and one looks.
//
// The order is that of arrival, but for jobs with many pictures: each further one that waits lets a few who
// come later pass, so that a long job does not keep everybody from starting. How many may pass is fixed when
// it arrives: nobody waits for ever.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "core/mutex.h"
#include "engine/admission/generation_call.h"

namespace vignette {

class WaitingLine {
public:
    using Pictures = std::vector<std::shared_ptr<const ModelInput>>;
    using Fits = std::function<bool(const GenerationCall&)>;

    struct Options {
        std::size_t most = 0;       // who may wait
        std::size_t ahead_max = 0;  // of them, from the front: whose pictures are looked at; 0: nobody looks
        std::size_t company = 1;    // with so many in line, nobody waits for more
        std::chrono::milliseconds company_wait{0};  // after the first arrived, while nothing runs
    };

    explicit WaitingLine(const Options& options) : options_(options) {}

    // False: too many wait, or nobody is taken in any more.
    bool enter(GenerationCall one);
    void close();

    // Waits until somebody may start, and for his company; false once it is closed and nobody waits.
    bool wait();

    // The first in line, if it may start and fits; nobody overtakes it.
    std::optional<GenerationCall> take_if(const Fits& fits);

    // Where it was before.
    void take_back(GenerationCall one);

    std::vector<GenerationCall> take_cancelled();
    std::vector<GenerationCall> take_all();

    // Whether others run, who should not wait while pictures are looked at. Only then it is worth while to
    // look ahead: otherwise who waits starts at once.
    void set_busy(bool busy);

    // Waits until there are pictures to look at; none once it is closed. Then those who asked about them wait
    // for seen().
    std::optional<Pictures> next_to_see();
    void seen(std::chrono::microseconds time);

private:
    enum class State { unseen, looked_at, seen };
    struct Entry {
        State state = State::unseen;
        GenerationCall call;
    };

    bool may_start(const Entry& one) const REQUIRES(mutex_);
    std::uint64_t waiting_of(const JobId& job) const REQUIRES(mutex_);
    void insert(Entry one) REQUIRES(mutex_);
    Pictures begin_to_look() REQUIRES(mutex_);

    const Options options_;
    Mutex mutex_;
    std::condition_variable_any startable_;        // who starts the waiting waits for it
    std::condition_variable_any visible_;          // who looks at their pictures does
    std::list<Entry> entries_ GUARDED_BY(mutex_);  // by their places
    std::uint64_t arrivals_ GUARDED_BY(mutex_) = 0;
    bool busy_ GUARDED_BY(mutex_) = false;
    bool closed_ GUARDED_BY(mutex_) = false;
};

}  // namespace vignette
