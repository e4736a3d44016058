// How much memory this process may still take: what the machine has available, or less where a control group
// (a container's limit) is tighter. A few small files are read, so it may be asked between jobs.
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

// Empty where /proc tells nothing. `root` is where proc/ and sys/ lie; tests have their own.
std::optional<HostMemory> host_memory(const std::filesystem::path& root = "/");

// The number after `key` in lines of "key: number" or "key number": /proc/meminfo, memory.stat.
std::optional<std::uint64_t> number_of(std::string_view key, std::string_view lines);

struct MemoryGroup {
    bool first_version = false;  // cgroup v1
    std::string path;            // under the mount point of its version
    bool operator==(const MemoryGroup&) const = default;
};

// Which control group counts this process's memory, of the lines in /proc/self/cgroup.
std::optional<MemoryGroup> memory_group(std::string_view lines);

}  // namespace vignette
