// Recently fetched content that can be revalidated with its tag: the server then says that it has not
// changed. Nothing is used without revalidation. Any thread.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>

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

    void drop(std::list<Entry>::iterator entry);  // needs mutex_, which guards everything below

    const std::size_t bytes_max_;
    std::mutex mutex_;
    std::list<Entry> entries_;  // the most recently used first
    std::map<std::string, std::list<Entry>::iterator> places_;
    std::size_t bytes_ = 0;
};

}  // namespace vignette
