#include "model/transfer/weights_memory.h"

#include <sys/mman.h>

#include <algorithm>

#include "core/memory/huge_pages.h"

namespace vignette {
namespace {

constexpr std::size_t chunk_bytes = 64 * MiB;
constexpr std::size_t cache_line = 64;

std::size_t round_up(std::size_t bytes, std::size_t unit) { return (bytes + unit - 1) / unit * unit; }

std::shared_ptr<std::byte> map_chunk(std::size_t bytes) {
    return {map_huge_pages(bytes), [bytes](std::byte* begin) { munmap(begin, bytes); }};
}

}  // namespace

at::Tensor WeightsMemory::make(at::IntArrayRef shape, at::ScalarType type) {
    const auto count = static_cast<std::size_t>(c10::multiply_integers(shape));
    const std::size_t bytes = round_up(count * c10::elementSize(type), cache_line);
    if (chunk_ == nullptr || bytes > size_ - used_) {
        // Pages that nobody touches are none: the rest of a chunk costs nothing.
        size_ = std::max(chunk_bytes, round_up(bytes, huge_page));
        chunk_ = map_chunk(size_);
        used_ = 0;
    }
    std::byte* const begin = chunk_.get() + used_;
    used_ += bytes;
    return at::from_blob(begin, shape, [keep = chunk_](void*) {}, type);
}

}  // namespace vignette
