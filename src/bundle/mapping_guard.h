// Survives that a mapped file is cut short, or that its disk fails, while it is in use: what can no longer be
// read becomes zeros instead of the signal that ends the process, and check_mappings() tells. Any thread.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

#include "vignette/error.h"

namespace vignette {

class MappingGuard {
public:
    // What mmap gave for the file; guarded until this dies, before munmap.
    MappingGuard(std::span<const std::byte> mapped, const std::filesystem::path& file);
    ~MappingGuard();
    MappingGuard(const MappingGuard&) = delete;
    MappingGuard& operator=(const MappingGuard&) = delete;

private:
    const std::size_t place_;
};

// An error if a file that is mapped now could not be read: whatever was computed from it is wrong. The log
// has its path, once; the message does not, as it may go to a stranger.
Result<void> check_mappings(ErrorCode code);

}  // namespace vignette
