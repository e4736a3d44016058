// One connection to Redis: connects when it is needed, and again after it broke. One thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "queue/address.h"
#include "vignette/error.h"

namespace vignette {

struct RedisReply {
    enum class Kind { nothing, integer, text, list };
    Kind kind = Kind::nothing;
    std::int64_t integer = 0;
    std::string text;
    std::vector<RedisReply> list;

    // What a place of a list holds; empty where there is nothing of that kind.
    std::string text_at(std::size_t index) const;
    std::int64_t integer_at(std::size_t index) const;  // or a text that is a number
};

// What an error of Redis means to us: its first word says which.
Error redis_refusal(std::string_view text);

// A step of the queue that Redis runs as a whole: a text in Lua, which begins with the common prelude.
struct RedisScript {
    std::string_view body;
    bool may_fill_up = false;  // not even tried when Redis has no memory left; all others are
};

class RedisConnection {
public:
    explicit RedisConnection(QueueAddress address);
    ~RedisConnection();
    RedisConnection(RedisConnection&&) noexcept;

    using Words = std::vector<std::string_view>;

    // `unreachable` if Redis does not answer; tried a second time if the connection was broken off since the
    // last one, and for a moment not tried at all where even a new one was of no use.
    Result<RedisReply> ask(const Words& words);
    Result<RedisReply> run(const RedisScript& script, const Words& words);

    // For a connection that listens: sends without waiting, and waits for what comes. Empty: nothing yet.
    Result<void> tell(const Words& words);
    Result<std::optional<RedisReply>> hear(std::chrono::milliseconds time);

    void close();  // the next command connects anew

    const std::string& prefix() const { return address_.prefix; }

private:
    struct Context;

    Result<void> connect();
    Result<void> log_in();
    Result<RedisReply> ask_once(const Words& words);
    Result<RedisReply> next_reply();
    std::unexpected<Error> broken();
    bool may_try_again() const { return !context_ && broke_off_; }

    QueueAddress address_;
    std::unique_ptr<Context> context_;
    bool broke_off_ = false;  // the last failure was that of a connection that had worked
    std::chrono::steady_clock::time_point rest_until_{};
    std::map<const char*, std::string> loaded_;  // scripts that this connection has loaded, and their hashes
};

}  // namespace vignette
