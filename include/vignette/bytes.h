// Raw bytes, and text that is shared rather than copied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vignette {

inline constexpr std::size_t KiB = 1024;
inline constexpr std::size_t MiB = 1024 * KiB;

// Memory for a picture, on huge pages where the system has them: the page faults of 36 MB cost 14 ms on small
// pages and 2 ms on huge ones, while decoding takes 30 ms. Throws std::bad_alloc.
// (core/memory/picture_memory.cpp) Smaller buffers come from the heap, and the smallest never ask here.
inline constexpr std::size_t huge_picture_min = 4 * MiB;
inline constexpr std::size_t picture_memory_min = 32 * KiB;
void* allocate_picture_memory(std::size_t bytes);
void free_picture_memory(void* memory, std::size_t bytes) noexcept;

// For buffers that are overwritten at once. New elements are left uninitialised, because zeroing a picture
// costs 5 to 10 % of its decoding time; all but small buffers use picture memory.
template <class T>
struct BufferAllocator {
    using value_type = T;  // NOLINT(readability-identifier-naming): required of allocators

    BufferAllocator() = default;
    template <class U>
    explicit BufferAllocator(const BufferAllocator<U>&) noexcept {}

    T* allocate(std::size_t count) {
        const std::size_t bytes = count * sizeof(T);
        return static_cast<T*>(
            bytes < picture_memory_min ? ::operator new(bytes) : allocate_picture_memory(bytes)
        );
    }
    void deallocate(T* memory, std::size_t count) noexcept {
        const std::size_t bytes = count * sizeof(T);
        if (bytes < picture_memory_min) return ::operator delete(memory);
        free_picture_memory(memory, bytes);
    }
    template <class U>
    void construct(U* place) noexcept {
        ::new (static_cast<void*>(place)) U;
    }
    template <class U, class... Args>
    void construct(U* place, Args&&... args) {
        ::new (static_cast<void*>(place)) U(std::forward<Args>(args)...);
    }
    bool operator==(const BufferAllocator&) const = default;
};

using Bytes = std::vector<std::byte, BufferAllocator<std::byte>>;
using Samples = std::vector<std::uint8_t, BufferAllocator<std::uint8_t>>;

// A piece of a request body. Shared, because all pictures of a request are in the same body, which may be 20
// MB: a job keeps views of it, not copies.
class SharedText {
public:
    SharedText() = default;
    explicit SharedText(std::string text)
        : owner_(std::make_shared<const std::string>(std::move(text))), view_(*owner_) {}

    SharedText part(std::string_view inside) const {  // `inside` must be part of view()
        SharedText piece = *this;
        piece.view_ = inside;
        return piece;
    }
    std::string_view view() const { return view_; }

private:
    std::shared_ptr<const std::string> owner_;
    std::string_view view_;
};

}  // namespace vignette

// Made once, with the optimiser (core/memory/buffers.cpp): without it, each byte is destroyed by a call.
extern template class std::vector<std::byte, vignette::BufferAllocator<std::byte>>;
extern template class std::vector<std::uint8_t, vignette::BufferAllocator<std::uint8_t>>;
