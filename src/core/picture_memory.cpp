#include <sys/mman.h>

#include <cstdlib>

#include "vignette/bytes.h"

namespace vignette {

void* allocate_picture_memory(std::size_t bytes) {
    constexpr std::size_t huge_page = 2 * MiB;
    const std::size_t whole = (bytes + huge_page - 1) / huge_page * huge_page;
    void* memory = whole < bytes ? nullptr : std::aligned_alloc(huge_page, whole);
    if (memory == nullptr) throw std::bad_alloc();
    madvise(memory, whole, MADV_HUGEPAGE);  // a wish: without it everything works, only slower
    return memory;
}

void free_picture_memory(void* memory) noexcept { std::free(memory); }

}  // namespace vignette
