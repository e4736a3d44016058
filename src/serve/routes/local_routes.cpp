#include "serve/routes/local_routes.h"

#include <utility>

#include "core/enum_text.h"
#include "serve/routes/routes.h"

namespace vignette {
namespace {

constexpr std::chrono::minutes local_wait{10};  // as long as a job may run unless it says otherwise

// Its status objects hold nothing else.
JobStatus bare(JobStatus status) {
    return {
        .id = std::move(status.id),
        .state = status.state == JobState::in_queue ? JobState::in_progress : status.state,
        .output_json = std::move(status.output_json),
        .error = std::move(status.error),
    };
}

// Not a 404.
JobStatus unknown(const std::string& id) {
    return {.id = id, .state = JobState::failed, .error = "Job ID not found"};
}

Result<std::string> submit(const Call& call) {
    return call.services().store.submit(call.take_body(), Submitted::to_test, call.tenant(), call.origin());
}

void refuse_local(const Call& call, const Error& error) {
    if (http_status(error.code) >= 500 || error.code == ErrorCode::overloaded) return call.refuse(error);
    constexpr int unprocessable = 422;
    call.answer(format_detail(error), unprocessable);
}

bool refuse_without_sdk(const Call& call) {
    if (call.services().sdk_routes) return false;
    constexpr int not_found = 404;
    call.exchange().answer(refusal(
        Dialect::runpod,
        {.code = ErrorCode::not_found,
         .message = "this is served with --rp_serve_api only; see /v2/{endpoint}/status/{id}",
         .field = {}},
        not_found
    ));
    return true;
}

void answer_local(const Call& call, const std::string& id) {
    std::optional<JobStatus> status = call.services().store.status(id);
    call.answer(format_status(status ? bare(*std::move(status)) : unknown(id)));
}

void when_ended(const Call& call, const std::string& id, std::function<void()> then) {
    call.services().store.wait(id, Until::ended, JobStore::Clock::now() + local_wait, std::move(then));
}

}  // namespace

void local_run(const Call& call) {
    const Result<std::string> id = submit(call);
    if (!id) return refuse_local(call, id.error());
    call.answer(format_status({.id = *id, .state = JobState::in_progress}));
}

void local_runsync(const Call& call) {
    const Result<std::string> id = submit(call);
    if (!id) return refuse_local(call, id.error());
    when_ended(call, *id, [call, id = *id] { answer_local(call, id); });
}

void local_status(const Call& call) {
    if (refuse_without_sdk(call)) return;
    answer_local(call, call.part(0));
}

void local_status_sync(const Call& call) {
    if (refuse_without_sdk(call)) return;
    const std::string& id = call.part(0);
    when_ended(call, id, [call, id] { answer_local(call, id); });
}

void local_stream(const Call& call) {
    if (refuse_without_sdk(call)) return;
    const std::string& id = call.part(0);
    when_ended(call, id, [call, id] {
        std::optional<JobStore::News> news = call.services().store.take_news(id);
        if (!news) return call.answer(format_status(unknown(id)));
        call.answer(format_stream(bare(std::move(news->status)), news->events));
    });
}

}  // namespace vignette
