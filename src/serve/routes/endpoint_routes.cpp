#include "serve/routes/endpoint_routes.h"

#include <charconv>
#include <utility>

#include "serve/routes/routes.h"

namespace vignette {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds wait_min{1'000};
constexpr milliseconds wait_max{300'000};
constexpr milliseconds sync_wait{90'000};    // where the client does not say
constexpr milliseconds stream_wait{10'000};  // of a stream that has nothing new

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

void answer_status(const Call& call, const std::string& id) {
    const std::optional<JobStatus> status = call.services().store.status(id);
    status ? call.answer(format_status(*status)) : refuse_unknown(call);
}

void answer_when_ended(const Call& call, const std::string& id, milliseconds wait) {
    call.services().store.wait(id, Until::ended, JobStore::Clock::now() + wait, [call, id] {
        answer_status(call, id);
    });
}

}  // namespace

void endpoint_run(const Call& call) {
    const Result<std::string> id =
        call.services().store.submit(call.take_body(), Submitted::to_poll, call.tenant(), call.origin());
    if (!id) return call.refuse(id.error());
    call.answer(format_status({.id = *id}));
}

void endpoint_runsync(const Call& call) {
    const Result<milliseconds> wait = wait_of(call, sync_wait);
    if (!wait) return call.refuse(wait.error());
    const Result<std::string> id =
        call.services().store.submit(call.take_body(), Submitted::to_wait, call.tenant(), call.origin());
    if (!id) return call.refuse(id.error());
    answer_when_ended(call, *id, *wait);
}

void endpoint_status(const Call& call) { answer_status(call, call.part(1)); }

void endpoint_status_sync(const Call& call) {
    const Result<milliseconds> wait = wait_of(call, sync_wait);
    if (!wait) return call.refuse(wait.error());
    answer_when_ended(call, call.part(1), *wait);
}

void endpoint_stream(const Call& call) {
    const Result<milliseconds> wait = wait_of(call, stream_wait);
    if (!wait) return call.refuse(wait.error());
    const std::string& id = call.part(1);
    call.services().store.wait(id, Until::news, JobStore::Clock::now() + *wait, [call, id] {
        const std::optional<JobStore::News> news = call.services().store.take_news(id);
        news ? call.answer(format_stream(news->status, news->events)) : refuse_unknown(call);
    });
}

void endpoint_cancel(const Call& call) {
    const std::optional<JobState> state = call.services().store.cancel(call.part(1));
    state ? call.answer(format_status({.id = call.part(1), .state = *state})) : refuse_unknown(call);
}

void endpoint_retry(const Call& call) {
    if (!call.services().store.status(call.part(1))) return refuse_unknown(call);
    const Result<void> retried = call.services().store.retry(call.part(1));
    if (!retried) return call.refuse(retried.error());
    call.answer(format_status({.id = call.part(1)}));
}

void endpoint_purge(const Call& call) {
    const std::size_t removed = call.services().store.purge();
    call.answer(R"({"removed":)" + std::to_string(removed) + R"(,"status":"completed"})");
}

void endpoint_health(const Call& call) {
    const JobDesk::Load load = call.services().desk.load();
    call.answer(format_health(
        call.services().store.counts(), {.loading = !call.services().desk.is_open(), .busy = load.running > 0}
    ));
}

}  // namespace vignette
