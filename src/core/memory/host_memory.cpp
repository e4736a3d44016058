#include "core/memory/host_memory.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <limits>
#include <ranges>

#include "vignette/bytes.h"

namespace vignette {
namespace fs = std::filesystem;
namespace {

struct GroupFiles {
    const char* mount;
    const char* limit;
    const char* used;
    const char* reclaimable;  // key in memory.stat: file pages that were not used lately
};

constexpr GroupFiles first_version{
    .mount = "sys/fs/cgroup/memory",
    .limit = "memory.limit_in_bytes",
    .used = "memory.usage_in_bytes",
    .reclaimable = "total_inactive_file"  // in v1 only the total_ lines include child groups
};
constexpr GroupFiles second_version{
    .mount = "sys/fs/cgroup", .limit = "memory.max", .used = "memory.current", .reclaimable = "inactive_file"
};

std::string content(const fs::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::optional<std::uint64_t> to_number(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(' ');
    if (begin == std::string_view::npos) return std::nullopt;
    text.remove_prefix(begin);
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) return std::nullopt;  // also "max": no limit
    return number;
}

// A missing group limits nothing: in a container the path may be the host's, where only the mount point
// itself is visible.
void narrow(HostMemory& memory, const fs::path& group, const GroupFiles& files) {
    const std::optional<std::uint64_t> limit = to_number(content(group / files.limit));
    const std::optional<std::uint64_t> used = to_number(content(group / files.used));
    if (!limit || !used) return;
    const std::uint64_t reclaimable =
        number_of(files.reclaimable, content(group / "memory.stat")).value_or(0);
    const std::uint64_t kept = *used - std::min(*used, reclaimable);
    const std::uint64_t available = *limit - std::min(*limit, kept);
    memory.total_bytes = std::min(memory.total_bytes, *limit);
    if (available >= memory.available_bytes) return;
    memory.available_bytes = available;
    memory.limited_by = group.string();
}

}  // namespace

std::optional<std::uint64_t> number_of(std::string_view key, std::string_view lines) {
    for (const auto piece : lines | std::views::split('\n')) {
        std::string_view line(piece.begin(), piece.end());
        if (!line.starts_with(key)) continue;
        line.remove_prefix(key.size());
        if (line.starts_with(':')) line.remove_prefix(1);
        if (line.starts_with(' ')) return to_number(line);
    }
    return std::nullopt;
}

std::optional<MemoryGroup> memory_group(std::string_view lines) {
    std::optional<MemoryGroup> found;
    for (const auto piece : lines | std::views::split('\n')) {
        const std::string_view line(piece.begin(), piece.end());  // number:controllers:path
        const std::size_t first = line.find(':');
        const std::size_t second = line.find(':', first + 1);
        if (first == std::string_view::npos || second == std::string_view::npos) continue;
        const std::string_view controllers = line.substr(first + 1, second - first - 1);
        const std::string path(line.substr(second + 1));
        if (line.starts_with("0::")) found = MemoryGroup{.first_version = false, .path = path};
        for (const auto controller : controllers | std::views::split(',')) {
            if (std::string_view(controller.begin(), controller.end()) != "memory") continue;
            return MemoryGroup{.first_version = true, .path = path};  // then v2 does not account for memory
        }
    }
    return found;
}

std::optional<HostMemory> host_memory(const fs::path& root) {
    const std::string machine = content(root / "proc/meminfo");
    const std::optional<std::uint64_t> total = number_of("MemTotal", machine);
    const std::optional<std::uint64_t> available = number_of("MemAvailable", machine);
    if (!total || !available) return std::nullopt;
    HostMemory memory{.total_bytes = *total * KiB, .available_bytes = *available * KiB};
    const std::optional<MemoryGroup> group = memory_group(content(root / "proc/self/cgroup"));
    if (!group) return memory;
    const GroupFiles& files = group->first_version ? first_version : second_version;
    fs::path level(group->path);
    if (group->path.find("..") != std::string::npos) level = "/";  // outside what this process may see
    for (;; level = level.parent_path()) {
        narrow(memory, root / files.mount / level.relative_path(), files);
        if (!level.has_relative_path()) return memory;
    }
}

}  // namespace vignette
