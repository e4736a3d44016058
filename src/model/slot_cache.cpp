#include "model/slot_cache.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "model/sent.h"
#include "model/torch_wall.h"
#include "vignette/invariant.h"

namespace vignette {
namespace {

constexpr std::int64_t cache_bytes_max = std::int64_t{1} << 42;

// calloc's large blocks are pages that the system zeroes when they are first touched: starting is free, and
// slots that are never used cost no memory.
at::Tensor zeroed(at::IntArrayRef shape, const SlotCacheOptions& options) {
    if (!options.device.is_cpu()) return at::zeros(shape, at::device(options.device).dtype(options.type));
    const std::int64_t count = c10::multiply_integers(shape);
    void* zeros = std::calloc(static_cast<std::size_t>(count), c10::elementSize(options.type));
    if (zeros == nullptr) throw std::bad_alloc();
    return at::from_blob(zeros, shape, [](void* memory) { std::free(memory); }, options.type);
}

std::int64_t row_of(SlotId slot) { return static_cast<std::int64_t>(std::to_underlying(slot)); }

bool overlapping(std::span<const SlotCopy> copies) {
    return std::ranges::any_of(copies, [&](const SlotCopy& writer) {
        return std::ranges::find(copies, writer.to, &SlotCopy::from) != copies.end();
    });
}

}  // namespace

std::int64_t bytes_per_slot(const CacheSpec& spec, at::ScalarType type) {
    const std::int64_t numbers = std::int64_t{spec.layers} * spec.positions * spec.heads * spec.head_dim;
    return 2 * numbers *
           static_cast<std::int64_t>(c10::elementSize(type));  // the manifest bounds each factor
}

SlotCache::SlotCache(at::Tensor both)
    : both_(std::move(both)),
      keys_(both_.select(1, 0)),
      values_(both_.select(1, 1)),
      poisoned_(static_cast<std::size_t>(both_.size(2)), false),
      shifts_(poisoned_.size(), 0) {}

Result<SlotCache> SlotCache::make(const CacheSpec& spec, const SlotCacheOptions& options) {
    ASSERT(options.slots > 0);
    if (bytes_per_slot(spec, options.type) > cache_bytes_max / (options.slots + 1)) {
        return fail(
            ErrorCode::out_of_memory, std::to_string(options.slots) +
                                          " slots of this model do not fit any memory; start with fewer slots"
        );
    }
    return torch_wall([&]() -> Result<SlotCache> {
        // A layer's side by side, so that a program can write both in one call.
        const std::array<std::int64_t, 6> shape{spec.layers,    2,          options.slots + 1,
                                                spec.positions, spec.heads, spec.head_dim};
        return SlotCache(zeroed(shape, options));
    });
}

void SlotCache::copy(std::span<const SlotCopy> copies) {
    if (copies.empty()) return;
    if (both_.is_cpu() && !overlapping(copies)) {
        for (const SlotCopy& one : copies) copy_in_memory(one);
    } else {
        copy_through(copies);
    }
    std::vector<std::int64_t> shifts;
    for (const SlotCopy& one : copies) shifts.push_back(shift(one.from));
    for (std::size_t i = 0; i < copies.size(); ++i) set_shift(copies[i].to, shifts[i]);
    for (const SlotCopy& one : copies) {
        if (auto poisoned = poisoned_[index_of(one.to)]) {
            wipe(one.to, one.length);
            poisoned = false;
        }
    }
}

// A few kilobytes a layer: calls into torch would cost more than the copying.
void SlotCache::copy_in_memory(const SlotCopy& copy) {
    const auto item = static_cast<std::int64_t>(both_.element_size());
    auto* base = static_cast<std::byte*>(both_.mutable_data_ptr());
    const std::int64_t position = both_.stride(3) * item;
    const auto bytes = static_cast<std::size_t>((copy.length - copy.same) * position);
    for (std::int64_t part = 0; part < both_.size(0) * both_.size(1); ++part) {  // a layer's keys, or values
        std::byte* start = base + part * both_.stride(1) * item + copy.same * position;
        const std::byte* from = start + row_of(copy.from) * both_.stride(2) * item;
        std::memcpy(start + row_of(copy.to) * both_.stride(2) * item, from, bytes);
    }
}

SlotContent SlotCache::read(SlotId slot, int length) const {
    const auto of = [&](const at::Tensor& cache) {
        return cache.select(1, row_of(slot)).narrow(1, 0, length).clone(at::MemoryFormat::Contiguous);
    };
    return {.keys = of(keys_), .values = of(values_), .shift = shift(slot)};
}

void SlotCache::write(SlotId slot, const SlotContent& content) {
    const auto to = [&](at::Tensor& cache, const at::Tensor& rows) {
        cache.select(1, row_of(slot)).narrow(1, 0, rows.size(1)).copy_(rows);
    };
    to(keys_, content.keys);
    to(values_, content.values);
    set_shift(slot, content.shift);
}

std::size_t SlotCache::bytes_of(int length) const {
    const std::int64_t numbers = keys_.size(0) * length * keys_.size(3) * keys_.size(4);
    return static_cast<std::size_t>(2 * numbers) * static_cast<std::size_t>(keys_.element_size());
}

// Gathers all, then writes all, from where the first of them begins as far as the longest needs: what lies
// before is the same, and what lies beyond a copy's length is written before it is read in any case.
void SlotCache::copy_through(std::span<const SlotCopy> copies) {
    const auto count = static_cast<std::int64_t>(copies.size());
    std::vector<std::int64_t> numbers;
    for (const SlotCopy& one : copies) numbers.push_back(row_of(one.from));
    for (const SlotCopy& one : copies) numbers.push_back(row_of(one.to));
    const at::Tensor rows = sent<std::int64_t>(numbers, {2, count}, both_.device());
    const int begin = std::ranges::min(copies, {}, &SlotCopy::same).same;
    const int end = std::ranges::max(copies, {}, &SlotCopy::length).length;
    for (const at::Tensor& cache : {keys_, values_}) {  // in turn, since what is gathered is there twice
        const at::Tensor used = cache.narrow(2, begin, end - begin);
        used.index_copy_(1, rows.select(0, 1), used.index_select(1, rows.select(0, 0)));
    }
}

void SlotCache::mark_poisoned(SlotId slot) { poisoned_[index_of(slot)] = true; }

void SlotCache::mark_sound(SlotId slot) { poisoned_[index_of(slot)] = false; }

void SlotCache::renew(SlotId slot) {
    if (auto poisoned = poisoned_[index_of(slot)]) {
        wipe(slot, 0);
        poisoned = false;
    }
}

void SlotCache::wipe(SlotId slot, std::int64_t from) {
    both_.select(2, row_of(slot)).slice(/*dim=*/2, from, both_.size(3)).zero_();
}

}  // namespace vignette
