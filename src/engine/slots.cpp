#include "engine/slots.h"

namespace vignette {

SlotPool::SlotPool(int count) {
    for (int i = count; i > 0; --i) free_.push_back(SlotId{i - 1});  // lend the low ones first
}

std::optional<SlotLease> SlotPool::lend(int count) {
    if (count > free()) return std::nullopt;
    const auto first = free_.end() - count;
    std::vector<SlotId> slots(std::make_reverse_iterator(free_.end()), std::make_reverse_iterator(first));
    free_.erase(first, free_.end());
    return SlotLease(*this, std::move(slots));
}

SlotLease::~SlotLease() {
    if (home_ != nullptr) home_->free_.insert(home_->free_.end(), slots_.rbegin(), slots_.rend());
}

}  // namespace vignette
