// The keys and values that sequences have computed so far, a row (slot) for each. Private to the torch side
// of model/. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "bundle/manifest.h"
#include "model/torch_lean.h"
#include "vignette/error.h"
#include "vignette/model.h"

namespace vignette {

struct SlotCacheOptions {
    int slots = 0;
    at::ScalarType type = at::kFloat;
    at::Device device = at::kCPU;
};

// Copied out of a slot: [layers, positions, heads, head_dim].
struct SlotContent {
    at::Tensor keys;
    at::Tensor values;
    std::int64_t shift = 0;
};

std::int64_t bytes_per_slot(const CacheSpec& spec, at::ScalarType type);

class SlotCache {
public:
    // One slot more than asked for: the last is scratch for rows that nobody reads.
    static Result<SlotCache> make(const CacheSpec& spec, const SlotCacheOptions& options);

    const at::Tensor& keys() const { return keys_; }  // [layers, slots + 1, positions, heads, head_dim]
    const at::Tensor& values() const { return values_; }
    SlotId scratch() const { return SlotId{static_cast<std::int32_t>(keys_.size(1)) - 1}; }

    // All copies read before any writes.
    void copy(std::span<const SlotCopy> copies);

    // The first positions of a slot, to be written to a renewed one.
    SlotContent read(SlotId slot, int length) const;
    void write(SlotId slot, const SlotContent& content);
    std::size_t bytes_of(int length) const;

    // How far the places of a prompt with pictures lag behind its positions: what follows it stands at
    // position + shift. Where a family has no places, 0.
    void set_shift(SlotId slot, std::int64_t shift) { shifts_[index_of(slot)] = shift; }
    std::int64_t shift(SlotId slot) const { return shifts_[index_of(slot)]; }

    // Attention multiplies hidden positions by zero, and zero times NaN is NaN: one failed sequence would
    // spoil the next one in its slot. So a slot that may hold NaN is wiped before it is reused.
    void mark_poisoned(SlotId slot);
    void mark_sound(SlotId slot);
    void renew(SlotId slot);

private:
    explicit SlotCache(at::Tensor both);
    void copy_in_memory(const SlotCopy& copy);
    void copy_through(std::span<const SlotCopy> copies);
    void wipe(SlotId slot, std::int64_t from);
    static std::size_t index_of(SlotId slot) { return static_cast<std::size_t>(std::to_underlying(slot)); }

    at::Tensor both_;  // [layers, 2, slots + 1, positions, heads, head_dim]
    at::Tensor keys_;  // of it
    at::Tensor values_;
    std::vector<bool> poisoned_;
    std::vector<std::int64_t> shifts_;
};

}  // namespace vignette
