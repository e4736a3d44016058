#include <sys/mman.h>

#include <cstdlib>
#include <utility>

#include "core/mutex.h"
#include "vignette/bytes.h"

namespace vignette {
namespace {

constexpr std::size_t huge_page = 2 * MiB;
constexpr std::size_t kept_bytes_max = 128 * MiB;

// Header of the memory handed out, on the same first page.
struct alignas(64) Block {
    std::size_t bytes = 0;
};

// Keeps the block freed last for the next picture of about the same size: similar pictures tend to follow one
// another, and the system clears every page it hands out. Any thread.
class SpareBlock {
public:
    Block* reuse(std::size_t bytes) {
        const MutexLock lock(mutex_);
        const bool fits = kept_ != nullptr && kept_->bytes >= bytes && kept_->bytes / 2 <= bytes;
        return fits ? std::exchange(kept_, nullptr) : nullptr;
    }

    // Returns the block to free instead, if any.
    Block* put(Block* block) {
        if (block->bytes > kept_bytes_max) return block;
        const MutexLock lock(mutex_);
        return std::exchange(kept_, block);
    }

private:
    Mutex mutex_;
    Block* kept_ GUARDED_BY(mutex_) = nullptr;
};

SpareBlock spare_block;

}  // namespace

void* allocate_picture_memory(std::size_t bytes) {
    const std::size_t whole = (bytes + sizeof(Block) + huge_page - 1) / huge_page * huge_page;
    if (whole < bytes) throw std::bad_alloc();
    Block* block = spare_block.reuse(whole);
    if (block == nullptr) {
        void* memory = std::aligned_alloc(huge_page, whole);
        if (memory == nullptr) throw std::bad_alloc();
        madvise(memory, whole, MADV_HUGEPAGE);  // only a hint: everything works without it, but more slowly
        block = ::new (memory) Block{.bytes = whole};
    }
    return block + 1;
}

void free_picture_memory(void* memory) noexcept {
    Block* block = static_cast<Block*>(memory) - 1;
#ifndef __SANITIZE_ADDRESS__  // which must notice every use of freed memory
    block = spare_block.put(block);
#endif
    std::free(block);
}

}  // namespace vignette
