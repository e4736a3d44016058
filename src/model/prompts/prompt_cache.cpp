#include "model/prompts/prompt_cache.h"

#include <utility>

namespace vignette {

std::size_t ReadPrompt::bytes() const { return slot.keys.nbytes() + slot.values.nbytes() + logits.nbytes(); }

// FNV-1a. Whoever makes prompts collide on purpose makes his own slow: the whole key is compared.
std::size_t PromptCache::Hash::operator()(const PromptKey* key) const {
    std::uint64_t value = 0xCBF29CE484222325U;
    const auto mix = [&value](std::uint64_t number) { value = (value ^ number) * 0x100000001B3U; };
    for (const std::uint64_t picture : key->pictures) mix(picture);
    for (const TokenId token : key->tokens) mix(static_cast<std::uint64_t>(std::to_underlying(token)));
    return value;
}

const ReadPrompt* PromptCache::find(const PromptKey& key) {
    const auto place = places_.find(&key);
    if (place == places_.end()) return nullptr;
    kept_.splice(kept_.begin(), kept_, place->second);
    return &place->second->prompt;
}

void PromptCache::keep(PromptKey key, ReadPrompt prompt) {
    const std::size_t bytes = prompt.bytes();
    if (!has_room_for(bytes) || places_.contains(&key)) return;
    while (bytes_ + bytes > bytes_max_) let_go_of_last();
    kept_.push_front({.key = std::move(key), .prompt = std::move(prompt)});
    places_.emplace(&kept_.front().key, kept_.begin());
    bytes_ += bytes;
}

void PromptCache::let_go_of_last() {
    bytes_ -= kept_.back().prompt.bytes();
    places_.erase(&kept_.back().key);
    kept_.pop_back();
}

bool PromptCache::clear() {
    const bool any = !kept_.empty();
    places_.clear();
    kept_.clear();
    bytes_ = 0;
    return any;
}

}  // namespace vignette
