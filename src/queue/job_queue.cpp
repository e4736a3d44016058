#include "queue/job_queue.h"

#include <array>
#include <utility>

#include "embedded_files.h"
#include "vignette/bytes.h"

namespace vignette {
namespace {

constexpr int tries_max = 3;
constexpr std::string_view group = "workers";
constexpr std::array<std::string_view, 2> streams{"jobs", "jobs:low"};
constexpr std::string_view dead_text =
    "the job was given up: three workers in a row stopped answering while they ran it; it is among the dead "
    "letters. Look at the workers' logs, then retry it";

std::string_view kind_text(WorkKind kind) { return kind == WorkKind::job ? "job" : "request"; }

JobState state_named(std::string_view text) {
    for (const JobState state :
         {JobState::in_queue, JobState::in_progress, JobState::completed, JobState::cancelled,
          JobState::timed_out})
        if (to_text(state) == text) return state;
    return JobState::failed;
}

std::string number(std::int64_t value) { return std::to_string(value); }

JobStatus status_in(const std::string& id, const RedisReply& facts) {
    JobStatus status{.id = id, .state = state_named(facts.text_at(0))};
    const std::int64_t queued = facts.integer_at(3), started = facts.integer_at(4),
                       ended = facts.integer_at(5);
    if (started > 0) status.delay_ms = std::max<std::int64_t>(started - queued, 0);
    if (started > 0 && ended > 0) status.execution_ms = std::max<std::int64_t>(ended - started, 0);
    status.output_json = facts.text_at(6);
    status.error = facts.text_at(7);
    status.retries = static_cast<int>(std::max<std::int64_t>(facts.integer_at(2) - 1, 0));
    status.worker_id = facts.text_at(8);
    return status;
}

}  // namespace

Result<void> JobQueue::submit(const NewWork& work, int jobs_max) {
    const RedisScript script{.body = embedded::submit_lua(), .may_fill_up = true};
    const std::string most = number(jobs_max), life = number(work.life.count()),
                      keep = number(work.keep.count()), execution = number(work.execution_max.count());
    const RedisReply reply =
        TRY(redis_.run(script, {work.id,      most,         work.low_priority ? "low" : "normal",
                                life,         "kind",       kind_text(work.kind),
                                "head",       work.head,    "body",
                                work.body,    "tenant",     work.tenant,
                                "gateway",    work.gateway, "webhook",
                                work.webhook, "life",       life,
                                "keep",       keep,         "execution_max",
                                execution}));
    if (reply.integer == 1) return {};
    return fail(
        ErrorCode::overloaded,
        "the queue has as many jobs as it may hold; try again after the time in Retry-After"
    );
}

Result<std::optional<WorkNews>> JobQueue::fetch(
    const std::string& id, std::string_view how, const std::string& attempt, std::size_t from
) {
    const std::string start = std::to_string(from);
    const RedisReply reply = TRY(redis_.run({.body = embedded::fetch_lua()}, {id, how, attempt, start}));
    if (reply.list.empty()) return std::nullopt;
    WorkNews news{
        .status = status_in(id, reply),
        .attempt = reply.text_at(1),
        .unread = static_cast<std::size_t>(std::max<std::int64_t>(reply.integer_at(9), 0)),
        .events = {},
    };
    if (reply.list.size() > 10)
        for (const RedisReply& event : reply.list[10].list) news.events.push_back(event.text);
    return news;
}

Result<std::optional<WorkNews>> JobQueue::peek(const std::string& id) { return fetch(id, "peek", "", 0); }

Result<std::optional<WorkNews>> JobQueue::drain(const std::string& id) { return fetch(id, "drain", "", 0); }

Result<std::optional<WorkNews>> JobQueue::follow(
    const std::string& id, const std::string& attempt, std::size_t from
) {
    return fetch(id, "follow", attempt, from);
}

Result<std::optional<JobState>> JobQueue::cancel(const std::string& id, From from) {
    const RedisReply reply =
        TRY(redis_.run({.body = embedded::cancel_lua()}, {id, from == From::any_state ? "any" : "waiting"}));
    if (reply.kind != RedisReply::Kind::text) return std::nullopt;
    return state_named(reply.text);
}

Result<void> JobQueue::retry(const std::string& id) {
    const RedisReply reply = TRY(redis_.run({.body = embedded::retry_lua(), .may_fill_up = true}, {id}));
    if (reply.kind != RedisReply::Kind::text)
        return fail(ErrorCode::not_found, "there is no such job; it may have expired");
    if (reply.text == "ok") return {};
    if (reply.text == "no input")
        return fail(ErrorCode::invalid_input, "its input is no longer kept; send it as a new job");
    return fail(
        ErrorCode::invalid_input,
        "only a job that is FAILED or TIMED_OUT can be retried; this one is " + reply.text
    );
}

Result<std::string> JobQueue::tenant_of(const std::string& id) {
    return TRY(redis_.ask({"HGET", key("job:" + id), "tenant"})).text;
}

Result<std::vector<std::string>> JobQueue::waiting() {
    std::vector<std::string> ids;
    for (const std::string_view stream : streams) {
        const RedisReply reply = TRY(redis_.ask({"XRANGE", key(stream), "-", "+", "COUNT", "100000"}));
        for (const RedisReply& entry : reply.list)
            if (entry.list.size() > 1) ids.push_back(entry.list[1].text_at(1));
    }
    return ids;
}

Result<QueueStats> JobQueue::stats() {
    const RedisReply reply = TRY(redis_.run({.body = embedded::stats_lua()}, {}));
    const auto count = [&](std::size_t index) {
        return static_cast<std::size_t>(std::max<std::int64_t>(reply.integer_at(index), 0));
    };
    return QueueStats{
        .waiting = count(0),
        .in_hand = count(1),
        .oldest_waits = std::chrono::milliseconds(reply.integer_at(2)),
        .counts =
            {.completed = count(3),
             .failed = count(4),
             .in_progress = count(1),
             .in_queue = count(0),
             .retried = count(5)},
        .dead = count(6),
        .workers = count(7),
        .bytes = count(8),
        .bytes_max = count(9),
    };
}

Result<void> JobQueue::show_gateway(const std::string& gateway) {
    TRY(redis_.run({.body = embedded::show_gateway_lua()}, {gateway}));
    return {};
}

Result<std::optional<JobQueue::Webhook>> JobQueue::take_webhook() {
    const RedisReply id = TRY(redis_.ask({"SPOP", key("webhooks")}));
    if (id.kind != RedisReply::Kind::text) return std::nullopt;
    const std::optional<WorkNews> news = TRY(peek(id.text));
    const RedisReply facts = TRY(redis_.ask({"HMGET", key("job:" + id.text), "webhook", "body"}));
    if (!news || facts.text_at(0).empty() || facts.text_at(1).empty()) return std::nullopt;
    return Webhook{.url = facts.text_at(0), .body = facts.text_at(1), .status = news->status};
}

Result<void> JobQueue::join() {
    TRY(redis_.run({.body = embedded::join_lua()}, {}));
    return {};
}

Result<void> JobQueue::begin(
    const std::string& worker, const std::string& stream, const RedisReply& entry,
    std::vector<TakenWork>& taken
) {
    const std::string place = entry.text_at(0);
    const std::string id = entry.list.size() > 1 ? entry.list[1].text_at(1) : "";
    const RedisReply reply = TRY(
        redis_.run({.body = embedded::begin_lua()}, {id, worker, number(tries_max), stream, place, dead_text})
    );
    if (reply.text_at(0) != "run") return {};
    taken.push_back({
        .id = id,
        .attempt = reply.text_at(1),
        .kind = reply.text_at(2) == kind_text(WorkKind::job) ? WorkKind::job : WorkKind::request,
        .head = reply.text_at(3),
        .body = reply.text_at(4),
        .tenant = reply.text_at(5),
        .execution_max = std::chrono::milliseconds(reply.integer_at(6)),
    });
    return {};
}

Result<std::vector<TakenWork>> JobQueue::begin_all(const std::string& worker, const RedisReply& reply) {
    std::vector<TakenWork> taken;
    for (const RedisReply& stream : reply.list) {
        if (stream.list.size() < 2) continue;
        for (const RedisReply& entry : stream.list[1].list) {
            // What cannot be begun now is in this worker's hand nevertheless, and comes back by take_over().
            if (!begin(worker, stream.text_at(0), entry, taken)) return taken;
        }
    }
    return taken;
}

Result<std::vector<TakenWork>> JobQueue::take(const std::string& worker, int most, bool low_first) {
    const std::string count = number(most), normal = key(streams[0]), low = key(streams[1]);
    RedisReply reply = TRY(redis_.ask(
        {"XREADGROUP", "GROUP", group, worker, "COUNT", count, "STREAMS", low_first ? low : normal, ">"}
    ));
    if (reply.list.empty()) {
        reply = TRY(redis_.ask(
            {"XREADGROUP", "GROUP", group, worker, "COUNT", "1", "BLOCK", "1000", "STREAMS", normal, low, ">",
             ">"}
        ));
    }
    return begin_all(worker, reply);
}

Result<std::vector<TakenWork>> JobQueue::take_over(
    const std::string& worker, int most, std::chrono::milliseconds idle_min
) {
    std::vector<TakenWork> taken;
    for (const std::string_view stream : streams) {
        const RedisReply reply = TRY(redis_.ask(
            {"XAUTOCLAIM", key(stream), group, worker, number(idle_min.count()), "0-0", "COUNT", number(most)}
        ));
        if (reply.list.size() < 2) continue;
        for (const RedisReply& entry : reply.list[1].list) TRY(begin(worker, key(stream), entry, taken));
    }
    return taken;
}

Result<bool> JobQueue::say(
    const Held& held, const std::string& progress, const std::vector<std::string>& texts
) {
    const std::string said = std::to_string(held.said), most = std::to_string(16 * MiB);
    RedisConnection::Words words{held.id, held.worker, held.attempt, said, most, progress};
    words.insert(words.end(), texts.begin(), texts.end());
    const RedisReply reply = TRY(redis_.run({.body = embedded::say_lua()}, words));
    if (reply.integer == 2)
        return fail(ErrorCode::too_large, "the job has said more than 16 MiB that nobody has read");
    return reply.integer == 1;
}

Result<bool> JobQueue::finish(const Held& held, const WorkEnd& end, const std::vector<std::string>& texts) {
    const std::string said = std::to_string(held.said);
    RedisConnection::Words words{held.id,    held.worker, held.attempt, said, to_text(end.state),
                                 end.output, end.error};
    words.insert(words.end(), texts.begin(), texts.end());
    return TRY(redis_.run({.body = embedded::finish_lua()}, words)).integer == 1;
}

Result<void> JobQueue::hand_back(const Held& held, Attempt attempt) {
    const std::string forgiven = attempt == Attempt::forgiven ? "1" : "0";
    TRY(redis_.run({.body = embedded::hand_back_lua()}, {held.id, held.worker, held.attempt, forgiven}));
    return {};
}

Result<std::vector<std::string>> JobQueue::renew(
    const std::string& worker, const std::vector<std::pair<std::string, std::string>>& held
) {
    RedisConnection::Words words{worker};
    for (const auto& [id, attempt] : held) {
        words.emplace_back(id);
        words.emplace_back(attempt);
    }
    const RedisReply reply = TRY(redis_.run({.body = embedded::renew_lua()}, words));
    std::vector<std::string> lost;
    lost.reserve(reply.list.size());
    for (const RedisReply& id : reply.list) lost.push_back(id.text);
    return lost;
}

Result<void> JobQueue::leave(const std::string& worker) {
    const std::string hour = number(std::chrono::milliseconds(std::chrono::hours(1)).count());
    TRY(redis_.run({.body = embedded::leave_lua()}, {worker, hour}));
    return {};
}

}  // namespace vignette
