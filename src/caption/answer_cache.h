// Answers that were given before: a job that is the same to the last byte, and whose answer chance has no
// part in, need not be worked out again. Any thread.
//
// The key is a whole SHA-256 over everything that the answer depends on: the pictures' bytes, what was asked,
// the models' digests, and for whom it was (so that nobody learns from the time it takes what others asked).
#pragma once

#include <cstddef>
#include <list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/mutex.h"
#include "vignette/bytes.h"
#include "vignette/caption.h"
#include "vignette/job.h"

namespace vignette {

class AnswerCache {
public:
    using Key = std::string;  // 32 bytes

    explicit AnswerCache(std::size_t bytes_max) : bytes_max_(bytes_max) {}

    // Nothing where the answer is drawn by chance, or nothing is to be kept. `pictures` are the job's, as
    // they came; `models` names those that answer it, by their digests.
    std::optional<Key> key_of(const Job& job, std::span<const Bytes> pictures, std::string_view models) const;

    // The answer, without times; it was used just now.
    std::optional<Caption> find(const Key& key);
    void keep(const Key& key, const Caption& made);

    std::size_t bytes() const;

private:
    struct Kept {
        Key key;
        Caption made;
        std::size_t bytes = 0;
    };

    const std::size_t bytes_max_;
    mutable Mutex mutex_;
    std::list<Kept> kept_ GUARDED_BY(mutex_);  // the last used first
    std::unordered_map<std::string_view, std::list<Kept>::iterator> places_ GUARDED_BY(mutex_);
    std::size_t bytes_ GUARDED_BY(mutex_) = 0;
};

}  // namespace vignette
