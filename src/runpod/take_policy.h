// How long to wait before the next question for jobs, and when asking has become pointless.
// Pure: time and chance are given. One thread.
#pragma once

#include <chrono>
#include <optional>

#include "net/client/http_client.h"
#include "runpod/platform.h"
#include "vignette/error.h"

namespace vignette {

// Twice as long each time, up to `longest`; `chance` in [0, 1) spreads workers that failed together.
Milliseconds growing_wait(int failures, Milliseconds first, Milliseconds longest, double chance);

enum class TakeAnswer { jobs, nothing, refused, unauthorized, throttled, broken };

// What an answer of job-take is, seen from outside; a body that then cannot be read is `broken`.
TakeAnswer classify(const Result<HttpResponse>& answer);

class TakePolicy {
public:
    using Clock = std::chrono::steady_clock;

    explicit TakePolicy(Milliseconds unauthorized_max) : unauthorized_max_(unauthorized_max) {}

    struct Event {
        TakeAnswer answer = TakeAnswer::nothing;
        Milliseconds asked_for{};            // how long the question was open
        std::chrono::seconds retry_after{};  // as the server asked; 0: it did not say
        Clock::time_point now;
        double chance = 0;
    };

    // How long to wait before asking again; nothing once the key has been refused for too long.
    std::optional<Milliseconds> wait_after(const Event& event);

    int failures() const { return failures_; }

    // Nothing but refusals (400) for minutes. A short while of them is normal.
    bool refused_for_long() const { return refused_for_long_; }

private:
    Milliseconds wait_after_nothing(const Event& event);

    const Milliseconds unauthorized_max_;
    int failures_ = 0;
    int quick_nothings_ = 0;  // a server that does not hold the question open must not be asked in a hot loop
    std::optional<Clock::time_point> unauthorized_since_;
    std::optional<Clock::time_point> refused_since_;
    bool refused_for_long_ = false;
};

}  // namespace vignette
