// The rows of the key/value cache as things that are lent: what a sequence holds comes home when it dies.
// The engine's thread only.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "vignette/ids.h"

namespace vignette {

class SlotPool;

// Slots that belong to one sequence. Move-only; given back by the destructor.
class SlotLease {
public:
    SlotLease(SlotPool& home, std::vector<SlotId> slots) : home_(&home), slots_(std::move(slots)) {}
    SlotLease(SlotLease&& other) noexcept
        : home_(std::exchange(other.home_, nullptr)), slots_(std::move(other.slots_)) {}
    SlotLease& operator=(SlotLease&&) = delete;
    SlotLease(const SlotLease&) = delete;
    SlotLease& operator=(const SlotLease&) = delete;
    ~SlotLease();

    const std::vector<SlotId>& slots() const { return slots_; }

private:
    SlotPool* home_;
    std::vector<SlotId> slots_;
};

class SlotPool {
public:
    explicit SlotPool(int count);

    int free() const { return static_cast<int>(free_.size()); }

    // Empty: no room now, ask again when a sequence has ended.
    std::optional<SlotLease> lend(int count);

private:
    friend class SlotLease;
    std::vector<SlotId> free_;
};

}  // namespace vignette
