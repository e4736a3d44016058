#include "runpod/heartbeat.h"

#include <algorithm>

#include "core/log.h"
#include "core/stop.h"
#include "net/client/http_client.h"

namespace vignette {
namespace {

bool accepted(const Result<HttpResponse>& answer) { return answer && answer->status < 400; }

}  // namespace

Heartbeat::Heartbeat(const Platform& platform, const JobBook& book)
    : platform_(platform),
      book_(book),
      client_(user_agent()),
      thread_([this](const std::stop_token& stop) { beat(stop); }) {}

void Heartbeat::beat(const std::stop_token& stop) {
    if (platform_.ping_url.empty()) return log_info("no heartbeat: RUNPOD_WEBHOOK_PING is not set");
    constexpr Milliseconds again{2'000};  // the platform gives a silent worker's jobs to others
    do send_sign(stop);
    while (wait_for(silent_ ? std::min(again, platform_.ping_interval) : platform_.ping_interval, stop));
}

void Heartbeat::send_sign(const std::stop_token& stop) {
    HttpRequest request{.url = ping_address(platform_, book_.held()), .headers = ping_headers(platform_)};
    request.timeout = platform_.ping_interval;
    const Result<HttpResponse> answer = client_.send(std::move(request), stop);
    if (stop.stop_requested()) return;
    if (!accepted(answer) && !silent_)
        log_warning("the platform does not answer the heartbeat: " + summary(answer));
    if (accepted(answer) && silent_) log_info("the platform answers the heartbeat again");
    silent_ = !accepted(answer);
}

void report_unhealthy(const Platform& platform, std::string_view check, std::string_view reason) {
    if (platform.ping_url.empty()) return;
    HttpClient client(user_agent());
    HttpRequest request{.url = unhealthy_address(platform, check, reason), .headers = ping_headers(platform)};
    request.timeout = Milliseconds{2'000};
    const Result<HttpResponse> answer = client.send(std::move(request));
    if (!accepted(answer)) log_warning("could not report to the platform: " + summary(answer));
}

}  // namespace vignette
