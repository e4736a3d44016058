#include "caption/cache/vision_cache.h"

#include <utility>

namespace vignette {
namespace {

// Letting go what a job holds would free nothing, and the bound would no longer be one.
bool nobody_holds(const SeenPicture& seen) { return seen.input.use_count() == 1; }

}  // namespace

std::optional<SeenPicture> VisionCache::find(const CacheKey& key) {
    const MutexLock lock(mutex_);
    settle();
    Entry* const entry = seen_.find(key);
    if (entry == nullptr) return std::nullopt;
    return lend(key, *entry);
}

std::pair<SeenPicture, bool> VisionCache::share(const CacheKey& key, SeenPicture made) {
    const MutexLock lock(mutex_);
    settle();
    if (Entry* const entry = seen_.find(key)) return {lend(key, *entry), true};
    const std::size_t bytes = made.input->bytes();
    if (bytes > bytes_max_) return {std::move(made), false};
    seen_.shrink(bytes_max_ - bytes, [](const Entry& entry) { return nobody_holds(entry.seen); });
    if (seen_.bytes() + bytes > bytes_max_) return {std::move(made), false};
    seen_.add(key, {.seen = std::move(made), .held = false}, bytes);
    return {lend(key, *seen_.find(key)), false};
}

SeenPicture VisionCache::lend(const CacheKey& key, Entry& entry) {
    if (!std::exchange(entry.held, true)) held_.push_back(key);
    return entry.seen;
}

void VisionCache::forget(const CacheKey& key) {
    const MutexLock lock(mutex_);
    seen_.erase(key);
}

bool VisionCache::make_room() {
    const MutexLock lock(mutex_);
    const std::size_t before = seen_.bytes();
    seen_.shrink(0, [](const Entry& entry) { return nobody_holds(entry.seen); });
    return seen_.bytes() < before;
}

std::size_t VisionCache::bytes() {
    const MutexLock lock(mutex_);
    settle();
    return seen_.bytes();
}

// A picture's bytes change while a job holds it: its pixels go, its features come.
void VisionCache::settle() {
    std::erase_if(held_, [this](const CacheKey& key) REQUIRES(mutex_) {
        bool done = true;
        seen_.recount(key, [&](Entry& entry) {
            done = nobody_holds(entry.seen);
            entry.held = !done;
            return entry.seen.input->bytes();
        });
        return done;
    });
    seen_.shrink(bytes_max_, [](const Entry& entry) { return nobody_holds(entry.seen); });
}

}  // namespace vignette
