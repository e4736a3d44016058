// Hears what is published on one channel of the queue; reconnects by itself. One thread.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "queue/backoff.h"
#include "queue/redis.h"

namespace vignette {

class Listener {
public:
    Listener(const QueueAddress& address, std::string_view channel)
        : redis_(address), channel_(address.prefix + std::string(channel)) {}

    // The next message, or none for a moment. What was published while the connection was broken is lost.
    std::optional<std::string> next(const std::stop_token& stop);

private:
    Result<std::optional<std::string>> hear();

    RedisConnection redis_;
    const std::string channel_;
    bool subscribed_ = false;
    std::chrono::steady_clock::time_point last_heard_{};
    bool asked_ = false;  // whether Redis is still there
    Backoff backoff_;
};

}  // namespace vignette
