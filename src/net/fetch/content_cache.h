// Recently fetched content that can be revalidated with its tag: the server then says that it has not
// changed. Nothing is used without revalidation. Any thread.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "core/mutex.h"
#include "vignette/bytes.h"

namespace vignette {

struct CachedContent {
    std::string etag;
    std::string last_modified;
    Bytes bytes;
};

class ContentCache {
public:
    explicit ContentCache(std::size_t bytes_max) : bytes_max_(bytes_max) {}

    std::shared_ptr<const CachedContent> find(const std::string& url);
    // Evicts the least recently used content to make room.
    void keep(const std::string& url, std::shared_ptr<const CachedContent> content);
    void forget(const std::string& url);
    std::size_t room_for_one() const { return bytes_max_ / 4; }

private:
    struct Entry {
        std::string url;
        std::shared_ptr<const CachedContent> content;
    };

    void drop(std::list<Entry>::iterator entry) REQUIRES(mutex_);

    const std::size_t bytes_max_;
    Mutex mutex_;
    std::list<Entry> entries_ GUARDED_BY(mutex_);  // the most recently used first
    std::map<std::string, std::list<Entry>::iterator> places_ GUARDED_BY(mutex_);
    std::size_t bytes_ GUARDED_BY(mutex_) = 0;
};

}  // namespace vignette
