// Answers that were given before: a job that is the same to the last byte, and whose answer chance has no
// part in, need not be worked out again. Any thread.
//
// The key is a whole SHA-256 over everything that the answer depends on: the pictures' bytes, what was asked,
// the models' digests, and for whom it was (so that nobody learns from the time it takes what others asked).
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "caption/cache/answer_folder.h"
#include "caption/cache/recently_used.h"
#include "core/mutex.h"
#include "vignette/caption.h"
#include "vignette/captioner.h"
#include "vignette/job.h"

namespace vignette {

class AnswerCache {
public:
    // `folder` may be null: then answers are kept in memory only.
    explicit AnswerCache(std::size_t bytes_max, std::unique_ptr<AnswerFolder> folder = nullptr)
        : bytes_max_(bytes_max), folder_(std::move(folder)) {}

    bool keeps() const { return bytes_max_ > 0 || folder_; }

    // Nothing where the answer is drawn by chance, or nothing is to be kept. `pictures` are the digests of
    // the job's files; `models` names those that answer it, by their digests.
    std::optional<CacheKey> key_of(
        const Job& job, std::span<const CacheKey> pictures, std::string_view models
    ) const;

    // The answer, without times; it was used just now.
    std::optional<Caption> find(const CacheKey& key);
    void keep(const CacheKey& key, const Caption& made);

    CacheUse use() const;

private:
    std::optional<Caption> find_in_memory(const CacheKey& key);
    void keep_in_memory(const CacheKey& key, const Caption& made);

    const std::size_t bytes_max_;
    const std::unique_ptr<AnswerFolder> folder_;
    mutable Mutex mutex_;
    CacheUse use_ GUARDED_BY(mutex_);
    RecentlyUsed<Caption> kept_ GUARDED_BY(mutex_);
};

}  // namespace vignette
