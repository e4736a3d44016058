#include "net/fetch/content_cache.h"

#include <utility>

namespace vignette {
namespace {

// Addresses and tags count too, or very small pictures could make the cache grow without limit.
std::size_t cost(const std::string& url, const CachedContent& content) {
    constexpr std::size_t bookkeeping = 512;
    return content.bytes.size() + content.etag.size() + content.last_modified.size() + 2 * url.size() +
           bookkeeping;
}

}  // namespace

std::shared_ptr<const CachedContent> ContentCache::find(const std::string& url) {
    const MutexLock lock(mutex_);
    const auto found = places_.find(url);
    if (found == places_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->content;
}

void ContentCache::keep(const std::string& url, std::shared_ptr<const CachedContent> content) {
    const MutexLock lock(mutex_);
    if (const auto found = places_.find(url); found != places_.end()) drop(found->second);
    bytes_ += cost(url, *content);
    entries_.push_front({.url = url, .content = std::move(content)});
    places_[url] = entries_.begin();
    while (bytes_ > bytes_max_) drop(std::prev(entries_.end()));
}

void ContentCache::forget(const std::string& url) {
    const MutexLock lock(mutex_);
    if (const auto found = places_.find(url); found != places_.end()) drop(found->second);
}

void ContentCache::drop(std::list<Entry>::iterator entry) {
    bytes_ -= cost(entry->url, *entry->content);
    places_.erase(entry->url);
    entries_.erase(entry);
}

}  // namespace vignette
