#include "serve/routes/endpoint_routes.h"

#include <charconv>
#include <utility>

#include "serve/routes/routes.h"

namespace vignette {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds wait_min{1'000};
constexpr milliseconds wait_max{300'000};
}  // namespace

void refuse_unknown(const Call& call) {
    call.exchange().answer(refusal(
        Dialect::runpod,
        {.code = ErrorCode::not_found, .message = "there is no such job; it may have expired", .field = {}},
        404
    ));
}

Result<milliseconds> wait_of(const Call& call, milliseconds otherwise) {
    const std::optional<std::string> text = call.query("wait");
    if (!text) return otherwise;
    std::int64_t ms = 0;
    const auto read = std::from_chars(text->data(), text->data() + text->size(), ms);
    const bool whole = read.ec == std::errc{} && read.ptr == text->data() + text->size();
    if (!whole || ms < wait_min.count() || ms > wait_max.count())
        return fail(ErrorCode::invalid_input, "wait is invalid; must be between 1000 and 300000");
    return milliseconds(ms);
}

namespace {

void answer_status(const Call& call, const std::string& id) {
    call.services().store.when_written(id, [call, id] {
        const std::optional<JobStatus> status = call.services().store.status(id);
        status ? call.answer(format_status(*status)) : refuse_unknown(call);
    });
}

void answer_when_ended(const Call& call, const std::string& id, milliseconds wait) {
    call.services().store.wait(id, Until::ended, JobStore::Clock::now() + wait, [call, id] {
        answer_status(call, id);
    });
}

}  // namespace

void endpoint_run(const Call& call) {
    const auto accepted = [call](const Result<std::string>& id) {
        id ? call.answer(format_status({.id = *id})) : call.refuse(id.error());
    };
    call.services().store.submit(
        call.take_body(), Submitted::to_poll, call.tenant(), accepted, call.origin()
    );
}

void endpoint_runsync(const Call& call) {
    const Result<milliseconds> wait = wait_of(call, sync_wait);
    if (!wait) return call.refuse(wait.error());
    const auto accepted = [call, wait = *wait](const Result<std::string>& id) {
        id ? answer_when_ended(call, *id, wait) : call.refuse(id.error());
    };
    call.services().store.submit(
        call.take_body(), Submitted::to_wait, call.tenant(), accepted, call.origin()
    );
}

void endpoint_status(const Call& call) {
    if (!call.may_see(call.part(1))) return refuse_unknown(call);
    answer_status(call, call.part(1));
}

void endpoint_status_sync(const Call& call) {
    const Result<milliseconds> wait = wait_of(call, sync_wait);
    if (!wait) return call.refuse(wait.error());
    if (!call.may_see(call.part(1))) return refuse_unknown(call);
    answer_when_ended(call, call.part(1), *wait);
}

void endpoint_stream(const Call& call) {
    const Result<milliseconds> wait = wait_of(call, stream_wait);
    if (!wait) return call.refuse(wait.error());
    const std::string& id = call.part(1);
    if (!call.may_see(id)) return refuse_unknown(call);
    const auto tell_news = [call, id] {
        const std::optional<JobStore::News> news = call.services().store.take_news(id);
        news ? call.answer(format_stream(news->status, news->events)) : refuse_unknown(call);
    };
    call.services().store.wait(id, Until::news, JobStore::Clock::now() + *wait, [call, id, tell_news] {
        call.services().store.when_written(id, tell_news);
    });
}

void endpoint_cancel(const Call& call) {
    const std::string& id = call.part(1);
    if (!call.may_see(id)) return refuse_unknown(call);
    const std::optional<JobState> state = call.services().store.cancel(id);
    if (!state) return refuse_unknown(call);
    call.services().store.when_written(id, [call, id, state = *state] {
        call.answer(format_status({.id = id, .state = state}));
    });
}

void endpoint_retry(const Call& call) {
    const std::string& id = call.part(1);
    if (!call.may_see(id) || !call.services().store.status(id)) return refuse_unknown(call);
    const Result<void> retried = call.services().store.retry(id);
    if (!retried) return call.refuse(retried.error());
    call.services().store.when_written(id, [call, id] { call.answer(format_status({.id = id})); });
}

void endpoint_purge(const Call& call) {
    const std::size_t removed = call.services().store.purge();
    call.services().store.when_written({}, [call, removed] {
        call.answer(R"({"removed":)" + std::to_string(removed) + R"(,"status":"completed"})");
    });
}

void endpoint_health(const Call& call) {
    const JobDesk::Load load = call.services().desk.load();
    call.answer(format_health(
        call.services().store.counts(), {.loading = !call.services().desk.is_open(), .busy = load.running > 0}
    ));
}

}  // namespace vignette
