#include "core/memory/picture_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <unordered_map>
#include <utility>

#include "core/memory/huge_pages.h"
#include "core/mutex.h"

namespace vignette {
namespace {

constexpr std::size_t kept_bytes_max = 128 * MiB;
constexpr std::size_t bytes_max = std::size_t{1} << 46U;  // so that no sum overflows

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

// The buffers that lie in lent memory, and what to do instead of freeing them.
class LentBuffers {
public:
    void add(void* memory, std::function<void()> on_free) {
        const MutexLock lock(mutex_);
        lent_.emplace(memory, std::move(on_free));
        ++count_;
    }

    // False if it is none of them.
    bool give_back(void* memory) {
        if (count_ == 0) return false;  // not in a process that lends nothing
        std::function<void()> on_free;
        {
            const MutexLock lock(mutex_);
            const auto found = lent_.find(memory);
            if (found == lent_.end()) return false;
            on_free = std::move(found->second);
            lent_.erase(found);
            --count_;
        }
        on_free();
        return true;
    }

private:
    std::atomic<std::size_t> count_ = 0;
    Mutex mutex_;
    std::unordered_map<void*, std::function<void()>> lent_ GUARDED_BY(mutex_);
};

LentBuffers& lent_buffers() {
    static LentBuffers buffers;
    return buffers;
}

thread_local MemoryLoan* open_loan = nullptr;

}  // namespace

MemoryLoan::MemoryLoan(std::span<std::uint8_t> memory, std::function<void()> on_free)
    : memory_(memory), on_free_(std::move(on_free)) {
    open_loan = this;
}

MemoryLoan::~MemoryLoan() {
    if (open_loan == this) open_loan = nullptr;
}

void* MemoryLoan::take(std::size_t bytes) {
    if (bytes != memory_.size()) return nullptr;
    open_loan = nullptr;
    lent_buffers().add(memory_.data(), std::move(on_free_));
    taken_ = true;
    return memory_.data();
}

Samples adopt_memory(std::span<std::uint8_t> memory, const std::function<void()>& on_free) {
    MemoryLoan loan(memory, on_free);
    Samples samples(memory.size());
    if (!loan.taken()) {  // too small to be picture memory
        std::ranges::copy(memory, samples.begin());
        on_free();
    }
    return samples;
}

void* allocate_picture_memory(std::size_t bytes) {
    if (open_loan != nullptr) {
        if (void* lent = open_loan->take(bytes)) return lent;
    }
    if (bytes < huge_picture_min) return ::operator new(bytes);
    if (bytes > bytes_max) throw std::bad_alloc();
    const std::size_t whole = (bytes + sizeof(Block) + huge_page - 1) / huge_page * huge_page;
    Block* block = spare_block.reuse(whole);
    if (block == nullptr) {
        // From the system and back to it: among the heap's small blocks pictures of many sizes leave holes
        // that no other fits, and a process that lives for long grows.
        block = ::new (map_huge_pages(whole)) Block{.bytes = whole};
    }
    return block + 1;
}

void free_picture_memory(void* memory, std::size_t bytes) noexcept {
    if (lent_buffers().give_back(memory)) return;
    if (bytes < huge_picture_min) return ::operator delete(memory);
    Block* block = static_cast<Block*>(memory) - 1;
#ifndef VIGNETTE_SANITIZED  // which must notice every use of freed memory
    block = spare_block.put(block);
#endif
    if (block != nullptr) munmap(block, block->bytes);
}

}  // namespace vignette
