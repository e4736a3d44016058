#include "queue/relays.h"

#include <functional>
#include <stop_token>
#include <utility>
#include <vector>

#include "core/log.h"
#include "queue/request_text.h"
#include "serve/random_name.h"
#include "serve/routes/routes.h"

namespace vignette {
namespace {

constexpr std::chrono::minutes life{10};  // as long as the server's own line lets a job wait
constexpr std::chrono::minutes keep{1};   // for a gateway that cannot reach Redis at the moment

Error lost() {
    return {
        .code = ErrorCode::too_slow,
        .message =
            "no worker has answered in ten minutes, or Redis was restarted without its data; send it again",
        .field = {}
    };
}

Error ended_early(const WorkNews& news) {
    if (news.status.state == JobState::cancelled)
        return {.code = ErrorCode::cancelled, .message = "the job was stopped", .field = {}};
    return {
        .code = ErrorCode::internal,
        .message = news.status.error.empty() ? "the worker has not answered" : news.status.error,
        .field = {}
    };
}

}  // namespace

struct Relays::Relay {
    Relay(std::string name, Call asked) : id(std::move(name)), call(std::move(asked)) {}

    const std::string id;
    const Call call;
    Mutex mutex;
    bool busy GUARDED_BY(mutex) = true;  // somebody looks at it, or it is being handed in
    bool again GUARDED_BY(mutex) = false;
    // Of whoever is busy with it.
    std::string attempt;
    std::size_t heard = 0;      // events
    std::string streamed_type;  // once the answer has begun; empty: not yet
    bool answered = false;
    std::optional<std::stop_callback<std::function<void()>>> on_leave;

    bool pass_on(const std::string& event);
    void refuse(const Error& error);
};

// False: this is no event.
bool Relays::Relay::pass_on(const std::string& event) {
    const char kind = event.empty() ? ' ' : event.front();
    if (kind == 'P') {
        if (streamed_type.empty()) return false;
        call.exchange().write(event.substr(1));
        return true;
    }
    if ((kind != 'A' && kind != 'H') || answered || !streamed_type.empty()) return false;
    std::optional<ServedResponse> response = read_response_text(std::string_view(event).substr(1));
    if (!response) return false;
    if (kind == 'A') {
        answered = true;
        call.exchange().answer(*std::move(response));
        return true;
    }
    streamed_type = response->content_type;
    call.exchange().begin(*std::move(response));
    return true;
}

// An answer that has begun says on its last line why it is not whole.
void Relays::Relay::refuse(const Error& error) {
    if (answered) return;
    answered = true;
    if (streamed_type.empty()) return call.refuse(error);
    const std::string text = call.refusal_text(error);
    const bool events = streamed_type.starts_with("text/event-stream");
    call.exchange().write(events ? "event: error\ndata: " + text + "\n\n" : text + "\n");
    call.exchange().end();
}

Relays::Relays(QueueCrew& crew, std::string gateway, int jobs_max)
    : crew_(crew), gateway_(std::move(gateway)), jobs_max_(jobs_max) {}

void Relays::start(const Call& call) {
    const auto relay = std::make_shared<Relay>(random_name(), call);
    {
        const MutexLock lock(mutex_);
        relays_.emplace(relay->id, relay);
    }
    const auto body = std::make_shared<std::string>(call.take_body());
    const auto hand_in = [this, relay, body](JobQueue& queue) { submit(queue, relay, std::move(*body)); };
    if (!crew_.offer(hand_in, body->size())) {
        leave(relay->id);
        return relay->refuse(
            {.code = ErrorCode::overloaded,
             .message = "this gateway has as many requests as it can hold; try again in a moment",
             .field = {}}
        );
    }
    relay->on_leave.emplace(call.exchange().gone(), [this, id = relay->id] {
        crew_.add([this, id](JobQueue& queue) {
            leave(id);
            if (!queue.cancel(id, JobQueue::From::any_state)) log_debug("could not cancel", id);
        });
    });
}

void Relays::leave(const std::string& id) {
    Shared relay;  // destroyed after the lock
    const MutexLock lock(mutex_);
    const auto place = relays_.find(id);
    if (place == relays_.end()) return;
    relay = std::move(place->second);
    relays_.erase(place);
    changed_.notify_all();
}

void Relays::submit(JobQueue& queue, const Shared& relay, std::string body) {
    if (relay->call.exchange().gone().stop_requested()) return;
    const Result<void> taken = queue.submit(
        {.id = relay->id,
         .kind = WorkKind::request,
         .head = request_text(relay->call.request()),
         .body = std::move(body),
         .tenant = relay->call.tenant(),
         .gateway = gateway_,
         .webhook = {},
         .execution_max = life,
         .life = life,
         .keep = keep},
        jobs_max_
    );
    const bool left = relay->call.exchange().gone().stop_requested();
    if (taken && !left) return follow(queue, relay);
    leave(relay->id);
    if (!taken) relay->refuse(taken.error());
    // Redis may have taken it even if its answer was late.
    const bool may_be_there = taken || taken.error().code == ErrorCode::unreachable;
    if (may_be_there && !queue.cancel(relay->id, JobQueue::From::any_state))
        log_debug("could not cancel", relay->id);
}

void Relays::look_at(const std::string& id) {
    Shared relay;
    {
        const MutexLock lock(mutex_);
        const auto place = relays_.find(id);
        if (place == relays_.end()) return;
        relay = place->second;
    }
    {
        const MutexLock lock(relay->mutex);
        if (std::exchange(relay->busy, true)) {
            relay->again = true;
            return;
        }
        relay->again = true;
    }
    crew_.add([this, relay](JobQueue& queue) { follow(queue, relay); });
}

void Relays::look_at_all() {
    std::vector<std::string> ids;
    {
        const MutexLock lock(mutex_);
        for (const auto& [id, relay] : relays_) ids.push_back(id);
    }
    for (const std::string& id : ids) look_at(id);
}

// By whoever has made the relay busy, until there is nothing new.
void Relays::follow(JobQueue& queue, const Shared& relay) {
    while (true) {
        {
            const MutexLock lock(relay->mutex);
            if (!std::exchange(relay->again, false)) {
                relay->busy = false;
                return;
            }
        }
        if (pass_on(queue, *relay, queue.follow(relay->id, relay->attempt, relay->heard)))
            return leave(relay->id);
    }
}

// True once it has come to its end.
bool Relays::pass_on(JobQueue& queue, Relay& relay, Result<std::optional<WorkNews>> read) {
    if (!read) return false;  // Redis is away: it is looked at again soon
    if (!*read) {
        relay.refuse(lost());
        return true;
    }
    const WorkNews& news = **read;
    if (news.attempt != relay.attempt) relay.heard = 0;
    const bool begins_again = news.attempt != relay.attempt && !relay.streamed_type.empty();
    relay.attempt = news.attempt;
    bool sound = !begins_again;
    for (const std::string& event : news.events) sound = sound && relay.pass_on(event);
    relay.heard += news.events.size();
    if (!sound) {
        relay.refuse(
            {.code = ErrorCode::internal,
             .message = begins_again
                            ? "the worker stopped answering in the middle of its answer; send it again"
                            : "the queue holds an answer that cannot be read",
             .field = {}}
        );
        if (!queue.cancel(relay.id, JobQueue::From::any_state)) log_debug("could not cancel", relay.id);
        return true;
    }
    if (!is_final(news.status.state)) return false;
    if (news.status.state == JobState::completed && !relay.streamed_type.empty()) {
        relay.call.exchange().end();
    } else {
        relay.refuse(ended_early(news));
    }
    return true;
}

bool Relays::wait_until_empty(std::chrono::steady_clock::time_point deadline) {
    MutexLock lock(mutex_);
    return changed_.wait_until(lock, deadline, [this]() REQUIRES(mutex_) { return relays_.empty(); });
}

}  // namespace vignette
