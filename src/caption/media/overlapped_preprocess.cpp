#include "caption/media/overlapped_preprocess.h"

#include <utility>

namespace vignette {
namespace {

// Waking a thread costs a few microseconds; this much of a 640 x 480 picture is decoded in 150.
constexpr std::int32_t rows_at_once = 64;

// Smaller ones are resized before another thread wakes up.
constexpr std::int64_t pixels_min = 65'536;

}  // namespace

OverlappedPreprocess::OverlappedPreprocess(
    std::unique_ptr<Preparation> preparation, MediaGate& gate, HelperThreads& helpers
)
    : gate_(gate), helpers_(helpers), shared_(std::make_shared<Shared>()) {
    shared_->preparation = std::move(preparation);
}

// The last rows are left to finish(), whose thread is awake.
void OverlappedPreprocess::accept_rows(Size whole, std::span<const std::uint8_t> rows) {
    const std::size_t row = static_cast<std::size_t>(whole.width) * 3;
    const bool all = rows.size() == row * static_cast<std::size_t>(whole.height);
    if (alone_ || all || whole.pixels() < pixels_min) return;
    if (!place_) {
        place_ = gate_.try_enter();
        alone_ = !place_;
        if (alone_) return;
    }
    {
        const MutexLock lock(shared_->mutex);
        if (rows.size() < shared_->rows.size() + rows_at_once * row) return;
        shared_->whole = whole;
        shared_->rows = rows;
        if (shared_->called || shared_->busy) return;
        shared_->called = true;
    }
    alone_ = !helpers_.run([shared = shared_] { follow(*shared); });
    if (alone_) place_.reset();
}

void OverlappedPreprocess::follow(Shared& shared) {
    MutexLock lock(shared.mutex);
    shared.called = false;
    shared.busy = true;
    std::size_t done = 0;
    while (!shared.closed && shared.rows.size() > done) {
        const Size whole = shared.whole;
        const std::span<const std::uint8_t> rows = shared.rows;
        lock.unlock();
        shared.preparation->accept_rows(whole, rows);
        done = rows.size();
        lock.lock();
    }
    shared.busy = false;
    shared.idle.notify_all();
}

void OverlappedPreprocess::forget() {
    MutexLock lock(shared_->mutex);
    shared_->closed = true;
    shared_->idle.wait(lock, [&]() REQUIRES(shared_->mutex) { return !shared_->busy; });
}

Result<std::unique_ptr<ModelInput>> OverlappedPreprocess::finish(const Image& image) {
    forget();
    place_.reset();
    return shared_->preparation->finish(image);
}

}  // namespace vignette
