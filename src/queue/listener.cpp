#include "queue/listener.h"

#include "core/stop.h"

namespace vignette {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds moment{200};
constexpr milliseconds silence_max{5'000
};  // then Redis is asked whether it is there, and given as long again

}  // namespace

std::optional<std::string> Listener::next(const std::stop_token& stop) {
    Result<std::optional<std::string>> heard = hear();
    if (heard) {
        backoff_.reset();
        return *std::move(heard);
    }
    subscribed_ = false;
    wait_for(backoff_.next(), stop);
    return std::nullopt;
}

Result<std::optional<std::string>> Listener::hear() {
    if (!subscribed_) {
        TRY(redis_.tell({"SUBSCRIBE", channel_}));
        subscribed_ = true;
        asked_ = false;
        last_heard_ = Clock::now();
    }
    const std::optional<RedisReply> reply = TRY(redis_.hear(moment));
    if (reply) {
        last_heard_ = Clock::now();
        asked_ = false;
        if (reply->text_at(0) != "message") return std::nullopt;
        return reply->text_at(2);
    }
    const auto silence = Clock::now() - last_heard_;
    if (silence < silence_max) return std::nullopt;
    if (!asked_) {
        asked_ = true;
        TRY(redis_.tell({"PING"}));
    } else if (silence > 2 * silence_max) {
        redis_.close();
        return fail(ErrorCode::unreachable, "the queue is silent");
    }
    return std::nullopt;
}

}  // namespace vignette
