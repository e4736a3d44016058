#include "caption/model_cache.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/log.h"

namespace vignette {

ModelCache::ModelCache(Open open, Options options) : open_(std::move(open)), options_(options) {
    if (options_.idle.count() > 0) janitor_.emplace([this](const std::stop_token& stop) { watch(stop); });
}

ModelCache::~ModelCache() = default;

Result<std::shared_ptr<OpenedModel>> ModelCache::acquire(const std::filesystem::path& bundle) {
    MutexLock lock(mutex_);
    // Somebody else may be loading it, and may fail: then it is our turn.
    for (auto found = places_.find(bundle); found != places_.end(); found = places_.find(bundle)) {
        if (found->second.model) {
            found->second.asked_for = Clock::now();
            return found->second.model;
        }
        changed_.wait(lock);
    }
    const bool full = places_.size() >= static_cast<std::size_t>(options_.models_max);
    std::shared_ptr<OpenedModel> evicted = full ? take_unused() : nullptr;
    if (full && !evicted) {
        return fail(
            ErrorCode::overloaded, "all " + std::to_string(options_.models_max) +
                                       " places for models are in use; try again in a moment, or allow more "
                                       "with VIGNETTE_MODELS_MAX"
        );
    }
    places_[bundle] = {.model = nullptr, .asked_for = Clock::now()};
    lock.unlock();
    evicted.reset();  // before the next is loaded, and without the lock: freeing a model takes a while
    Result<std::shared_ptr<OpenedModel>> opened = load_with_room(bundle);
    lock.lock();
    if (opened) {
        places_[bundle] = {.model = *opened, .asked_for = Clock::now()};
    } else {
        places_.erase(bundle);
    }
    changed_.notify_all();
    return opened;
}

Result<std::shared_ptr<OpenedModel>> ModelCache::load(const std::filesystem::path& bundle) const {
    return TRY(at_wall(ErrorCode::out_of_memory, [&] { return open_(bundle); }));
}

// Memory may be the GPU's, which holds fewer models than there are places for.
Result<std::shared_ptr<OpenedModel>> ModelCache::load_with_room(const std::filesystem::path& bundle) {
    for (;;) {
        Result<std::shared_ptr<OpenedModel>> opened = load(bundle);
        if (opened || opened.error().code != ErrorCode::out_of_memory) return opened;
        std::shared_ptr<OpenedModel> evicted;  // freed when the lock is open again
        const MutexLock lock(mutex_);
        evicted = take_unused();
        if (evicted) continue;
        if (places_.size() == 1) return opened;
        return fail(
            ErrorCode::out_of_memory, opened.error().message +
                                          "; the other models in memory are at work: try again in a moment, "
                                          "or leave room for several with VIGNETTE_SLOTS"
        );
    }
}

std::size_t ModelCache::kept_bytes() const {
    const MutexLock lock(mutex_);
    std::size_t bytes = 0;
    for (const auto& [bundle, place] : places_) bytes += place.model ? place.model->kept_bytes() : 0;
    return bytes;
}

int ModelCache::loaded() const {
    const MutexLock lock(mutex_);
    return static_cast<int>(std::ranges::count_if(places_, [](const auto& one) {
        return one.second.model != nullptr;
    }));
}

// Of those that nobody uses, the one that was wanted the longest ago goes.
std::shared_ptr<OpenedModel> ModelCache::take_unused() {
    auto oldest = places_.end();
    for (auto one = places_.begin(); one != places_.end(); ++one) {
        if (one->second.model.use_count() != 1) continue;  // in use, or being loaded
        if (oldest == places_.end() || one->second.asked_for < oldest->second.asked_for) oldest = one;
    }
    if (oldest == places_.end()) return nullptr;
    log_info("model " + oldest->first.filename().string() + " makes room for another");
    std::shared_ptr<OpenedModel> evicted = std::move(oldest->second.model);
    places_.erase(oldest);
    return evicted;
}

void ModelCache::drop_idle(Clock::time_point now) {
    std::vector<std::shared_ptr<OpenedModel>> dropped;  // they die when the lock is open again
    const MutexLock lock(mutex_);
    for (auto one = places_.begin(); one != places_.end();) {
        Place& place = one->second;
        if (place.model.use_count() > 1) place.asked_for = now;  // what works is not idle
        if (place.model.use_count() != 1 || now - place.asked_for < options_.idle) {
            ++one;
            continue;
        }
        log_info("model " + one->first.filename().string() + " was idle and is let go");
        dropped.push_back(std::move(place.model));
        one = places_.erase(one);
    }
}

ModelCache::Clock::time_point ModelCache::next_look() const {
    Clock::time_point next = Clock::now() + options_.idle;
    for (const auto& [bundle, place] : places_) next = std::min(next, place.asked_for + options_.idle);
    return next;
}

void ModelCache::watch(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        {
            MutexLock lock(mutex_);
            changed_.wait_until(lock, stop, next_look(), [] { return false; });
        }
        drop_idle(Clock::now());
    }
}

}  // namespace vignette
