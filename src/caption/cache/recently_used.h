// Values under keys, and how many bytes they have; what was used longest ago is let go first. One thread at a
// time. Two keys are the same only if all their bytes are.
#pragma once

#include <cstddef>
#include <iterator>
#include <list>
#include <unordered_map>
#include <utility>

#include "caption/cache/cache_key.h"

namespace vignette {

template <class Value>
class RecentlyUsed {
public:
    // It was used just now. Null: there is none. Valid until it is let go.
    Value* find(const CacheKey& key) {
        const auto place = places_.find(key);
        if (place == places_.end()) return nullptr;
        kept_.splice(kept_.begin(), kept_, place->second);
        return &place->second->value;
    }

    // Where there is none under that key yet.
    void add(const CacheKey& key, Value value, std::size_t bytes) {
        const auto [place, is_new] = places_.try_emplace(key);
        if (!is_new) return;
        kept_.push_front({.key = key, .value = std::move(value), .bytes = bytes});
        place->second = kept_.begin();
        bytes_ += bytes;
    }

    void erase(const CacheKey& key) {
        if (const auto place = places_.find(key); place != places_.end()) let_go(place->second);
    }

    // Counts its bytes anew: bytes_of(value).
    template <class BytesOf>
    void recount(const CacheKey& key, const BytesOf& bytes_of) {
        const auto place = places_.find(key);
        if (place == places_.end()) return;
        Kept& one = *place->second;
        bytes_ -= std::exchange(one.bytes, bytes_of(one.value));
        bytes_ += one.bytes;
    }

    // Lets values go, the last used last, until no more bytes are left than that; those that may_go(value).
    template <class MayGo>
    void shrink(std::size_t bytes_max, const MayGo& may_go) {
        for (auto one = kept_.end(); bytes_ > bytes_max && one != kept_.begin();) {
            const auto last = std::prev(one);
            if (may_go(last->value)) {
                let_go(last);
            } else {
                one = last;
            }
        }
    }

    std::size_t bytes() const { return bytes_; }

private:
    struct Kept {
        CacheKey key;
        Value value;
        std::size_t bytes = 0;
    };

    void let_go(typename std::list<Kept>::iterator one) {
        bytes_ -= one->bytes;
        places_.erase(one->key);
        kept_.erase(one);
    }

    std::list<Kept> kept_;  // the last used first
    std::unordered_map<CacheKey, typename std::list<Kept>::iterator, FirstBytes> places_;
    std::size_t bytes_ = 0;
};

}  // namespace vignette
