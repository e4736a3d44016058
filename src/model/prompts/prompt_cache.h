// What prompts left in their slots: the same question about the same pictures, asked with other rules for
// choosing words, need not be read again. Private to the torch side of model/. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <unordered_map>
#include <vector>

#include "model/slot_cache.h"
#include "model/torch_lean.h"
#include "vignette/ids.h"

namespace vignette {

// Pictures have numbers once they have been seen; no two ever have the same.
struct PromptKey {
    std::vector<std::uint64_t> pictures;
    std::vector<TokenId> tokens;
    bool operator==(const PromptKey&) const = default;
};

struct ReadPrompt {
    SlotContent slot;
    at::Tensor logits;  // [1, vocabulary] after its last token

    std::size_t bytes() const;
};

class PromptCache {
public:
    explicit PromptCache(std::size_t bytes_max) : bytes_max_(bytes_max) {}

    // What does not fit need not be copied.
    bool has_room_for(std::size_t bytes) const { return bytes <= bytes_max_; }

    // It was used just now. Null: there is none. Valid until the next call.
    const ReadPrompt* find(const PromptKey& key);

    void keep(PromptKey key, ReadPrompt prompt);

    // False: it was empty.
    bool clear();

private:
    struct Kept {
        PromptKey key;
        ReadPrompt prompt;
    };
    struct Hash {
        std::size_t operator()(const PromptKey* key) const;
    };
    struct Same {
        bool operator()(const PromptKey* one, const PromptKey* other) const { return *one == *other; }
    };

    void let_go_of_last();

    const std::size_t bytes_max_;
    std::list<Kept> kept_;  // the last used first
    std::unordered_map<const PromptKey*, std::list<Kept>::iterator, Hash, Same> places_;  // keys lie in kept_
    std::size_t bytes_ = 0;
};

}  // namespace vignette
