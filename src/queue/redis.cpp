#include "queue/redis.h"

#include <hiredis/hiredis.h>
#include <poll.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <utility>

#include "embedded_files.h"
#include "vignette/bytes.h"

namespace vignette {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds connect_time{2'000};
constexpr milliseconds answer_time{3'000};          // a blocking command waits for less
constexpr milliseconds rest_time{500};              // after a connection that did not come about
constexpr std::size_t reply_bytes_max = 512 * MiB;  // Redis' own bound of one value
constexpr int depth_max = 7;                        // hiredis' own
constexpr std::string_view no_answer = "the job queue does not answer; try again in a few seconds";

timeval time_of(milliseconds time) {
    timeval value{};
    value.tv_sec = time.count() / 1000;
    value.tv_usec = time.count() % 1000 * 1000;
    return value;
}

struct FreesReply {
    void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Owned = std::unique_ptr<redisReply, FreesReply>;

Result<RedisReply> read(const redisReply& from, std::size_t& room, int depth) {
    const auto take = [&room](std::size_t bytes) -> Result<void> {
        if (bytes > room) return fail(ErrorCode::too_large, "the job queue answers with too many bytes");
        room -= bytes;
        return {};
    };
    RedisReply reply;
    switch (from.type) {
        case REDIS_REPLY_INTEGER:
            reply.kind = RedisReply::Kind::integer;
            reply.integer = from.integer;
            return reply;
        case REDIS_REPLY_STRING:
        case REDIS_REPLY_STATUS:
            TRY(take(from.len));
            reply.kind = RedisReply::Kind::text;
            reply.text.assign(from.str, from.len);
            return reply;
        case REDIS_REPLY_ARRAY:
            TRY(take(from.elements * sizeof(RedisReply)));
            reply.kind = RedisReply::Kind::list;
            if (depth >= depth_max) return fail(ErrorCode::internal, "the job queue's answer is too deep");
            for (std::size_t i = 0; i < from.elements; ++i)
                reply.list.push_back(TRY(read(*from.element[i], room, depth + 1)));
            return reply;
        case REDIS_REPLY_ERROR: return std::unexpected(redis_refusal({from.str, from.len}));
        default: return reply;
    }
}

}  // namespace

std::string RedisReply::text_at(std::size_t index) const {
    return index < list.size() ? list[index].text : "";
}

std::int64_t RedisReply::integer_at(std::size_t index) const {
    if (index >= list.size()) return 0;
    const RedisReply& one = list[index];
    if (one.kind == Kind::integer) return one.integer;
    std::int64_t value = 0;
    std::from_chars(one.text.data(), one.text.data() + one.text.size(), value);
    return value;
}

Error redis_refusal(std::string_view text) {
    const std::string_view word = text.substr(0, text.find(' '));
    const auto error = [](ErrorCode code, std::string message) {
        return Error{.code = code, .message = std::move(message), .field = {}};
    };
    if (word == "OOM") {
        return error(
            ErrorCode::overloaded,
            "the job queue is full: Redis has no memory left; try again later. Operator: raise maxmemory, or "
            "add workers"
        );
    }
    if (word == "NOAUTH" || word == "WRONGPASS" || text.starts_with("ERR AUTH") ||
        text.starts_with("ERR invalid password")) {
        return error(
            ErrorCode::unavailable,
            "the job queue refuses the login; operator: correct user and password in VIGNETTE_QUEUE"
        );
    }
    if (word == "NOPERM") {
        return error(
            ErrorCode::unavailable,
            "the job queue's user may not do this; operator: allow it all commands on the prefix's keys and "
            "channels"
        );
    }
    if (word == "LOADING" || word == "BUSY" || word == "MASTERDOWN") {
        return error(
            ErrorCode::unreachable, "the job queue is still starting or busy; try again in a few seconds"
        );
    }
    if (word == "READONLY" || word == "MISCONF" || word == "NOREPLICAS") {
        return error(
            ErrorCode::unreachable,
            "the job queue takes no writes now (" + std::string(word) +
                "); try again later. Operator: name the primary in VIGNETTE_QUEUE, and see Redis' log"
        );
    }
    if (word == "MOVED" || word == "CROSSSLOT" || word == "CLUSTERDOWN" || word == "ASK") {
        return error(
            ErrorCode::unavailable,
            "Redis Cluster is not supported; operator: name a Redis without cluster mode"
        );
    }
    constexpr std::size_t shown_max = 200;
    return error(ErrorCode::internal, "the job queue answers: " + std::string(text.substr(0, shown_max)));
}

struct RedisConnection::Context {
    explicit Context(redisContext* context) : redis(context) {}
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
    ~Context() { redisFree(redis); }

    redisContext* redis;
    bool used = false;  // it has answered before
};

RedisConnection::RedisConnection(QueueAddress address) : address_(std::move(address)) {}
RedisConnection::~RedisConnection() = default;
RedisConnection::RedisConnection(RedisConnection&&) noexcept = default;

void RedisConnection::close() {
    context_.reset();
    loaded_.clear();
}

std::unexpected<Error> RedisConnection::broken() {
    const bool worked = context_ && context_->used;
    const bool too_slow = context_ && context_->redis->err == REDIS_ERR_IO && errno == EAGAIN;
    broke_off_ = worked && !too_slow;
    if (!broke_off_) rest_until_ = Clock::now() + rest_time;
    close();
    return fail(ErrorCode::unreachable, std::string(no_answer));
}

Result<void> RedisConnection::connect() {
    if (context_) return {};
    if (Clock::now() < rest_until_) return fail(ErrorCode::unreachable, std::string(no_answer));
    redisContext* made = redisConnectWithTimeout(address_.host.c_str(), address_.port, time_of(connect_time));
    if (made == nullptr) return fail(ErrorCode::out_of_memory, std::string(no_answer));
    context_ = std::make_unique<Context>(made);
    if (made->err != 0) return broken();
    redisSetTimeout(made, time_of(answer_time));
    redisEnableKeepAlive(made);
    Result<void> welcome = log_in();
    if (!welcome) close();
    return welcome;
}

Result<void> RedisConnection::log_in() {
    if (!address_.password.empty() || !address_.user.empty()) {
        Words words{"AUTH"};
        if (!address_.user.empty()) words.emplace_back(address_.user);
        words.emplace_back(address_.password);
        TRY(ask_once(words));
    }
    TRY(ask_once({"SELECT", std::to_string(address_.database)}));
    return {};
}

Result<RedisReply> RedisConnection::next_reply() {
    void* raw = nullptr;
    if (redisGetReply(context_->redis, &raw) != REDIS_OK) return broken();
    const Owned reply(static_cast<redisReply*>(raw));
    context_->used = true;
    std::size_t room = reply_bytes_max;
    return read(*reply, room, 0);
}

Result<void> RedisConnection::tell(const Words& words) {
    TRY(connect());
    std::vector<const char*> texts;
    std::vector<std::size_t> sizes;
    for (const std::string_view word : words) {
        texts.push_back(word.data());
        sizes.push_back(word.size());
    }
    if (redisAppendCommandArgv(context_->redis, static_cast<int>(texts.size()), texts.data(), sizes.data()) !=
        REDIS_OK)
        return broken();
    for (int done = 0; done == 0;)
        if (redisBufferWrite(context_->redis, &done) != REDIS_OK) return broken();
    return {};
}

Result<RedisReply> RedisConnection::ask_once(const Words& words) {
    TRY(tell(words));
    return next_reply();
}

Result<RedisReply> RedisConnection::ask(const Words& words) {
    Result<RedisReply> reply = ask_once(words);
    return !reply && may_try_again() ? ask_once(words) : std::move(reply);
}

Result<RedisReply> RedisConnection::run(const RedisScript& script, const Words& words) {
    for (int tries = 0;; ++tries) {
        TRY(connect());
        std::string& hash = loaded_[script.body.data()];
        if (hash.empty()) {
            const std::string text = std::string(script.may_fill_up ? "#!lua\n" : "#!lua flags=allow-oom\n")
                                         .append(embedded::prelude_lua())
                                         .append(script.body);
            hash = TRY(ask_once({"SCRIPT", "LOAD", text})).text;
        }
        Words command{"EVALSHA", hash, "0", address_.prefix};
        command.insert(command.end(), words.begin(), words.end());
        Result<RedisReply> reply = ask_once(command);
        const bool broke = !reply && may_try_again();
        const bool forgotten = !reply && reply.error().message.contains("NOSCRIPT");
        if (forgotten) loaded_.clear();
        if (tries > 0 || !(broke || forgotten)) return reply;
    }
}

Result<std::optional<RedisReply>> RedisConnection::hear(milliseconds time) {
    TRY(connect());
    void* raw = nullptr;
    if (redisGetReplyFromReader(context_->redis, &raw) != REDIS_OK) return broken();
    if (raw == nullptr) {
        pollfd wait{.fd = context_->redis->fd, .events = POLLIN, .revents = 0};
        if (poll(&wait, 1, static_cast<int>(time.count())) <= 0) return std::nullopt;
        return TRY(next_reply());
    }
    const Owned reply(static_cast<redisReply*>(raw));
    std::size_t room = reply_bytes_max;
    return TRY(read(*reply, room, 0));
}

}  // namespace vignette
