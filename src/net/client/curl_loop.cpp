#include "net/client/curl_loop.h"

#include <algorithm>
#include <utility>

#include "vignette/invariant.h"

namespace vignette {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t spare_handles_max = 64;

CURLM* make_multi(long connections_kept_max) {
    static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);  // before any other thread asks
    ASSERT(started == CURLE_OK);
    CURLM* multi = curl_multi_init();
    ASSERT(multi != nullptr);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, connections_kept_max);
    return multi;
}

}  // namespace

CurlLoop::CurlLoop(long connections_kept_max)
    : multi_(make_multi(connections_kept_max)), thread_([this](const std::stop_token& stop) { run(stop); }) {}

CurlLoop::~CurlLoop() {
    thread_.request_stop();
    wake();
}

void CurlLoop::add(std::unique_ptr<Transfer> transfer) {
    transfer->wake_on_stop([this] { wake(); });
    {
        const MutexLock lock(mutex_);
        inbox_.push_back(std::move(transfer));
    }
    wake();
}

void CurlLoop::wake() { curl_multi_wakeup(multi_.get()); }

void CurlLoop::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        receive();
        start_due();
        perform();
        drop_stopped();
        curl_multi_poll(multi_.get(), nullptr, 0, milliseconds_to_wait(), nullptr);
    }
    receive();
    for (auto& transfer : waiting_) transfer->cancel();
    for (auto& transfer : active_) {
        curl_multi_remove_handle(multi_.get(), transfer->handle());
        transfer->cancel();
    }
}

void CurlLoop::receive() {
    const MutexLock lock(mutex_);
    waiting_.splice(waiting_.end(), inbox_);
}

void CurlLoop::start_due() {
    const Clock::time_point now = Clock::now();
    for (auto next = waiting_.begin(); next != waiting_.end();) {
        const auto current = next++;
        if ((*current)->not_before() > now || (*current)->stop_requested()) continue;
        (*current)->prepare(take_handle());
        curl_multi_add_handle(multi_.get(), (*current)->handle());
        active_.splice(active_.end(), waiting_, current);
    }
}

CurlHandle CurlLoop::take_handle() {
    if (spare_.empty()) {
        CurlHandle fresh(curl_easy_init());
        ASSERT(fresh != nullptr);
        return fresh;
    }
    CurlHandle handle = std::move(spare_.back());
    spare_.pop_back();
    return handle;
}

void CurlLoop::perform() {
    int running = 0;
    curl_multi_perform(multi_.get(), &running);
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        const CURLcode code = message->data.result;  // the message dies with the handle's removal
        void* owner = nullptr;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &owner);
        const auto done =
            std::ranges::find(active_, owner, [](const auto& one) -> void* { return one.get(); });
        ASSERT(done != active_.end());
        const std::unique_ptr<Transfer> transfer = take_out(done);
        transfer->finish(code);
        keep_handle(*transfer);
    }
}

// After perform(): what had reached this machine before the stop has been read by now.
void CurlLoop::drop_stopped() {
    for (auto next = waiting_.begin(); next != waiting_.end();) {
        const auto current = next++;
        if (!(*current)->stop_requested()) continue;
        const std::unique_ptr<Transfer> transfer = std::move(*current);
        waiting_.erase(current);
        transfer->cancel();
    }
    for (auto next = active_.begin(); next != active_.end();) {
        const auto current = next++;
        if (!(*current)->stop_requested()) continue;
        if (Clock::now() < (*current)->stop_deadline()) continue;
        const std::unique_ptr<Transfer> transfer = take_out(current);
        transfer->cancel();
        keep_handle(*transfer);
    }
}

std::unique_ptr<Transfer> CurlLoop::take_out(Transfers::iterator place) {
    std::unique_ptr<Transfer> transfer = std::move(*place);
    active_.erase(place);
    curl_multi_remove_handle(multi_.get(), transfer->handle());
    return transfer;
}

void CurlLoop::keep_handle(Transfer& transfer) {
    CurlHandle handle = transfer.release();
    if (spare_.size() < spare_handles_max) spare_.push_back(std::move(handle));
}

// libcurl itself wakes for its own timers and sockets, wake() for the inbox and for stops.
int CurlLoop::milliseconds_to_wait() const {
    constexpr std::chrono::milliseconds longest{60'000};
    Clock::time_point next = Clock::now() + longest;
    for (const auto& transfer : waiting_) next = std::min(next, transfer->not_before());
    for (const auto& transfer : active_) {
        if (transfer->stop_requested()) next = std::min(next, transfer->stop_deadline());
    }
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now());
    return static_cast<int>(std::clamp(wait, std::chrono::milliseconds{0}, longest).count());
}

}  // namespace vignette
