#include "serve/routes/call.h"

#include <utility>

#include "core/enum_text.h"
#include "core/percent.h"
#include "serve/api_keys.h"
#include "serve/routes/routes.h"

namespace vignette {

ServedResponse event_stream() {
    return {
        .status = 200,
        .body = {},
        .content_type = "text/event-stream",
        .fields = {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}},
    };
}

std::optional<std::string> Call::query(std::string_view name) const {
    std::string_view rest = request().query;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('&'), rest.size());
        const std::string_view pair = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        const std::size_t equals = std::min(pair.find('='), pair.size());
        if (pair.substr(0, equals) == name)
            return percent_decode(pair.substr(std::min(equals + 1, pair.size())));
    }
    return std::nullopt;
}

std::string Call::tenant() const {
    return request().tenant.empty() ? ApiKeys::tenant_of(request()) : request().tenant;
}

bool Call::may_see(const std::string& job) const {
    return !services_->jobs_apart || services_->store.belongs(job, tenant());
}

void Call::answer(std::string json, int status) const {
    exchange_->answer({.status = status, .body = std::move(json), .fields = {}});
}

void Call::refuse(const Error& error) const {
    ServedResponse response = refusal(route_->dialect, error, http_status(error.code), origin_.request_id);
    if (error.code == ErrorCode::overloaded) {
        const auto wait = std::chrono::ceil<std::chrono::seconds>(services_->desk.load().predicted_wait);
        constexpr std::chrono::seconds least{1}, most{60};
        response.fields.push_back({"Retry-After", std::to_string(std::clamp(wait, least, most).count())});
    }
    exchange_->answer(std::move(response));
}

std::string Call::refusal_text(const Error& error) const { return refusal(route_->dialect, error).body; }

void Call::run(Request job, std::size_t bytes, OnEvent on_event, OnDone on_done) const {
    Result<void> accepted = submit(std::move(job), bytes, std::move(on_event), std::move(on_done));
    if (!accepted) refuse(accepted.error());
}

Result<void> Call::submit(Request job, std::size_t bytes, OnEvent on_event, OnDone on_done) const {
    job.origin = origin_;
    const std::stop_source stop;
    // The client's leaving stops the job. It lives as long as the job's functions do.
    const auto leaving = std::make_shared<std::stop_callback<std::function<void()>>>(
        exchange_->gone(), [stop]() mutable { stop.request_stop(); }
    );
    return services_->desk.submit({
        .request = std::move(job),
        .stop = stop,
        .tenant = tenant(),
        .bytes = bytes,
        .on_start = {},
        .on_event = std::move(on_event),
        .on_progress = {},
        .on_done = [leaving, on_done = std::move(on_done)](
                       const Answer& answer, const Result<std::string>& output
                   ) { on_done(answer, output); },
    });
}

}  // namespace vignette
