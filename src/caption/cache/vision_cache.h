// What a model saw in pictures that were asked about before, so that further questions about one need neither
// its decoding nor the vision side. Any thread.
//
// A picture is kept as its ModelInput, in which the model leaves its features: jobs that ask about one
// picture at the same time share it, whoever comes first, and whoever is cancelled.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "caption/cache/recently_used.h"
#include "core/mutex.h"
#include "vignette/image.h"
#include "vignette/model.h"

namespace vignette {

struct SeenPicture {
    std::shared_ptr<const ModelInput> input;
    ImageInfo info;
};

class VisionCache {
public:
    explicit VisionCache(std::size_t bytes_max) : bytes_max_(bytes_max) {}

    bool keeps() const { return bytes_max_ > 0; }

    std::optional<SeenPicture> find(const CacheKey& key);

    // What is kept under that key by now: `made`, or what another was faster with. True: the latter.
    std::pair<SeenPicture, bool> share(const CacheKey& key, SeenPicture made);

    void forget(const CacheKey& key);

    // Memory is short: lets go all that no job holds. False: there was nothing.
    bool make_room();

    std::size_t bytes();

private:
    struct Entry {
        SeenPicture seen;
        bool held = false;  // a job may hold it
    };

    SeenPicture lend(const CacheKey& key, Entry& entry) REQUIRES(mutex_);
    void settle() REQUIRES(mutex_);

    const std::size_t bytes_max_;
    Mutex mutex_;
    RecentlyUsed<Entry> seen_ GUARDED_BY(mutex_);
    std::vector<CacheKey> held_ GUARDED_BY(mutex_);  // whose bytes may still change: the model is at them
};

}  // namespace vignette
