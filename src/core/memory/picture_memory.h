// Buffers in memory that is not the heap's: pixels that another process writes are used where they lie.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "vignette/bytes.h"

namespace vignette {

// While it lives, the next buffer of exactly this size that its thread allocates lies in `memory`. When that
// buffer is freed, `on_free` is called instead, on whatever thread. One at a time on each thread.
class MemoryLoan {
public:
    MemoryLoan(std::span<std::uint8_t> memory, std::function<void()> on_free);
    ~MemoryLoan();
    MemoryLoan(const MemoryLoan&) = delete;
    MemoryLoan& operator=(const MemoryLoan&) = delete;

    bool taken() const { return taken_; }
    void* take(std::size_t bytes);  // for the allocator: null if the size is another one

private:
    std::span<std::uint8_t> memory_;
    std::function<void()> on_free_;
    bool taken_ = false;
};

// The bytes of `memory` as a buffer, without a copy unless they are few.
Samples adopt_memory(std::span<std::uint8_t> memory, const std::function<void()>& on_free);

}  // namespace vignette
