// How much more memory this process may use: what the machine has available, or less if a control group (a
// container's limit) is tighter. Reads a few small files, so it is cheap enough to call between jobs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace vignette {

struct HostMemory {
    std::uint64_t total_bytes = 0;
    std::uint64_t available_bytes = 0;
    std::string limited_by;  // the control group's folder; empty: the machine itself
    bool operator==(const HostMemory&) const = default;
};

// Empty if /proc does not say. `root` is the folder with proc/ and sys/; tests provide their own.
std::optional<HostMemory> host_memory(const std::filesystem::path& root = "/");

// The number after `key` in lines of "key: number" or "key number": /proc/meminfo, memory.stat.
std::optional<std::uint64_t> number_of(std::string_view key, std::string_view lines);

}  // namespace vignette
