#include "net/http_client.h"

#include <algorithm>
#include <future>
#include <list>
#include <mutex>
#include <thread>
#include <utility>

#include "net/transfer.h"
#include "vignette/invariant.h"

namespace vignette {
namespace {

using Clock = std::chrono::steady_clock;

constexpr long connections_kept_max = 256;
constexpr std::size_t spare_handles_max = 64;

CURLM* make_multi() {
    static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);  // before any other thread asks
    ASSERT(started == CURLE_OK);
    CURLM* multi = curl_multi_init();
    ASSERT(multi != nullptr);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, connections_kept_max);
    return multi;
}

struct FreeMulti {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};

}  // namespace

// The client's thread and what it owns.
class HttpClient::Loop {
public:
    explicit Loop(std::string user_agent)
        : user_agent_(std::move(user_agent)),
          multi_(make_multi()),
          thread_([this](const std::stop_token& stop) { run(stop); }) {}

    ~Loop() {
        thread_.request_stop();
        wake();
    }

    void add(std::unique_ptr<Transfer> transfer) {
        transfer->wake_on_stop([this] { wake(); });
        {
            const std::lock_guard lock(mutex_);
            inbox_.push_back(std::move(transfer));
        }
        wake();
    }

private:
    void wake() { curl_multi_wakeup(multi_.get()); }

    using Transfers = std::list<std::unique_ptr<Transfer>>;

    void run(const std::stop_token& stop) {
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

    void receive() {
        const std::lock_guard lock(mutex_);
        waiting_.splice(waiting_.end(), inbox_);
    }

    void start_due() {
        const Clock::time_point now = Clock::now();
        for (auto next = waiting_.begin(); next != waiting_.end();) {
            const auto current = next++;
            if ((*current)->not_before() > now || (*current)->stop_requested()) continue;
            (*current)->prepare(take_handle(), user_agent_);
            curl_multi_add_handle(multi_.get(), (*current)->handle());
            active_.splice(active_.end(), waiting_, current);
        }
    }

    CurlHandle take_handle() {
        if (spare_.empty()) {
            CurlHandle fresh(curl_easy_init());
            ASSERT(fresh != nullptr);
            return fresh;
        }
        CurlHandle handle = std::move(spare_.back());
        spare_.pop_back();
        return handle;
    }

    void perform() {
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
    void drop_stopped() {
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
            if ((*current)->answer_has_begun() && Clock::now() < (*current)->stop_deadline()) continue;
            const std::unique_ptr<Transfer> transfer = take_out(current);
            transfer->cancel();
            keep_handle(*transfer);
        }
    }

    std::unique_ptr<Transfer> take_out(Transfers::iterator place) {
        std::unique_ptr<Transfer> transfer = std::move(*place);
        active_.erase(place);
        curl_multi_remove_handle(multi_.get(), transfer->handle());
        return transfer;
    }

    void keep_handle(Transfer& transfer) {
        CurlHandle handle = transfer.release();
        if (spare_.size() < spare_handles_max) spare_.push_back(std::move(handle));
    }

    // libcurl itself wakes for its own timers and sockets, wake() for the inbox and for stops.
    int milliseconds_to_wait() const {
        constexpr std::chrono::milliseconds longest{60'000};
        Clock::time_point next = Clock::now() + longest;
        for (const auto& transfer : waiting_) next = std::min(next, transfer->not_before());
        for (const auto& transfer : active_) {
            if (transfer->stop_requested()) next = std::min(next, transfer->stop_deadline());
        }
        const auto wait = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now());
        return static_cast<int>(std::clamp(wait, std::chrono::milliseconds{0}, longest).count());
    }

    const std::string user_agent_;
    std::unique_ptr<CURLM, FreeMulti> multi_;
    std::mutex mutex_;
    Transfers inbox_;                // under mutex_
    Transfers waiting_;              // this thread; for their time to come
    Transfers active_;               // this thread
    std::vector<CurlHandle> spare_;  // this thread
    std::jthread thread_;            // last member: joined before the others die
};

HttpClient::HttpClient(std::string user_agent) : loop_(std::make_unique<Loop>(std::move(user_agent))) {}

HttpClient::~HttpClient() = default;

void HttpClient::start(HttpRequest request, Done done, std::stop_token stop) {
    loop_->add(std::make_unique<Transfer>(std::move(request), std::move(done), std::move(stop)));
}

Result<HttpResponse> HttpClient::send(HttpRequest request, std::stop_token stop) {
    const auto answered =
        std::make_shared<std::promise<Result<HttpResponse>>>();  // std::function must be copyable
    std::future<Result<HttpResponse>> answer = answered->get_future();
    start(
        std::move(request),
        [answered](Result<HttpResponse> outcome) { answered->set_value(std::move(outcome)); }, std::move(stop)
    );
    return answer.get();
}

}  // namespace vignette
