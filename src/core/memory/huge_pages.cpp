#include "core/memory/huge_pages.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <new>
#include <string>

#include "vignette/invariant.h"

namespace vignette {
namespace {

// To the next address where a huge page may begin.
std::size_t up_to_huge_page(const std::byte* from) {
    return -reinterpret_cast<std::uintptr_t>(from) % huge_page;
}

}  // namespace

std::byte* map_huge_pages(std::size_t bytes) {
    const std::size_t with_slack = bytes + huge_page;
    void* mapped = mmap(nullptr, with_slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) throw std::bad_alloc();
    auto* begin = static_cast<std::byte*>(mapped);
    const std::size_t before = up_to_huge_page(begin);
    if (before > 0) munmap(begin, before);
    if (before < huge_page) munmap(begin + before + bytes, huge_page - before);
    madvise(begin + before, bytes, MADV_HUGEPAGE);  // a hint: everything works without it, but more slowly
    return begin + before;
}

bool has_huge_pages() {
    std::ifstream file("/sys/kernel/mm/transparent_hugepage/enabled");
    std::string words;
    return std::getline(file, words) && !words.contains("[never]");
}

std::span<const std::byte> whole_huge_pages(std::span<const std::byte> bytes) {
    const std::size_t before = up_to_huge_page(bytes.data());
    if (before >= bytes.size()) return {};
    const std::size_t rest = bytes.size() - before;
    return bytes.subspan(before, rest - rest % huge_page);
}

bool move_to_huge_pages(std::span<const std::byte> bytes) {
    ASSERT(up_to_huge_page(bytes.data()) == 0 && bytes.size() % huge_page == 0);
    if (bytes.empty()) return true;
    std::byte* copy = nullptr;
    try {
        copy = map_huge_pages(bytes.size());
    } catch (const std::bad_alloc&) {
        return false;
    }
    std::memcpy(copy, bytes.data(), bytes.size());
    // The kernel puts the pages where the old ones were in one step, as other threads see it.
    auto* const place = const_cast<std::byte*>(bytes.data());
    const bool moved =
        mprotect(copy, bytes.size(), PROT_READ) == 0 &&
        mremap(copy, bytes.size(), bytes.size(), MREMAP_MAYMOVE | MREMAP_FIXED, place) == place;
    if (!moved) munmap(copy, bytes.size());
    return moved;
}

}  // namespace vignette
