#include "serve/webhooks.h"

#include <utility>

#include "core/enum_text.h"
#include "core/log.h"

namespace vignette {
namespace {

bool is_success(int status) { return status >= 200 && status < 300; }

// What no other try can change: the address itself is not to be used.
bool is_hopeless(ErrorCode code) {
    return code == ErrorCode::forbidden_address || code == ErrorCode::invalid_input ||
           code == ErrorCode::cancelled;
}

}  // namespace

Webhooks::Webhooks(
    const FetchRules& rules, Deadlines& deadlines, Options options, std::unique_ptr<Resolver> resolver
)
    : deadlines_(deadlines), options_(std::move(options)), poster_(rules, std::move(resolver)) {}

// NOLINTNEXTLINE(performance-unnecessary-value-param): all are moved
void Webhooks::post(const std::string& job, std::string url, std::string json, std::function<void()> done) {
    const bool has_room = [&] {
        const MutexLock lock(mutex_);
        if (bytes_ + json.size() > options_.bytes_max) return false;
        bytes_ += json.size();
        return true;
    }();
    if (!has_room) {
        log_warning("webhook_failed code=overloaded tries=0", job);
        if (done) done();
        return;
    }
    enqueue(std::make_shared<Post>(
        Post{.job = job, .url = std::move(url), .json = SharedText(std::move(json)), .done = std::move(done)}
    ));
}

void Webhooks::enqueue(const Shared& post) {
    {
        const MutexLock lock(mutex_);
        waiting_.push_back(post);
    }
    start_next();
}

void Webhooks::start_next() {
    Shared next;
    {
        const MutexLock lock(mutex_);
        if (waiting_.empty() || at_once_ == options_.at_once_max) return;
        next = std::move(waiting_.front());
        waiting_.pop_front();
        ++at_once_;
    }
    ++next->tries;
    poster_.post(next->url, next->json, [this, next](const Result<int>& status) { tried(next, status); });
}

void Webhooks::tried(const Shared& post, const Result<int>& status) {
    if (is_told(post, status)) {
        if (post->done) post->done();
        const MutexLock lock(mutex_);
        bytes_ -= post->json.view().size();
    } else {
        deadlines_.after(options_.pauses[post->tries - 1], [this, post] { enqueue(post); });
    }
    {
        const MutexLock lock(mutex_);
        --at_once_;
        changed_.notify_all();
    }
    start_next();
}

// Whether nothing more is to be done. The address is not logged: it may hold a secret.
bool Webhooks::is_told(const Shared& post, const Result<int>& status) {
    const std::string tries = " tries=" + std::to_string(post->tries);
    if (status && is_success(*status)) {
        log_info("webhook_done status=" + std::to_string(*status) + tries, post->job);
        return true;
    }
    const std::string why =
        status ? "status=" + std::to_string(*status) : "code=" + std::string(to_text(status.error().code));
    const bool again =
        post->tries <= options_.pauses.size() && !(!status && is_hopeless(status.error().code));
    log_warning((again ? "webhook_again " : "webhook_failed ") + why + tries, post->job);
    return !again;
}

bool Webhooks::wait_until_quiet(std::chrono::steady_clock::time_point deadline) {
    MutexLock lock(mutex_);
    return changed_.wait_until(lock, deadline, [this]() REQUIRES(mutex_) {
        return at_once_ == 0 && waiting_.empty();
    });
}

}  // namespace vignette
