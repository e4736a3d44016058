#include "core/host/host_memory.h"

#include <algorithm>
#include <ranges>

#include "core/host/control_groups.h"
#include "vignette/bytes.h"

namespace vignette {
namespace fs = std::filesystem;
namespace {

struct GroupFiles {
    const char* limit;
    const char* used;
    const char* reclaimable;  // key in memory.stat: file pages that were not used lately
};

constexpr GroupFiles first_version{
    .limit = "memory.limit_in_bytes",
    .used = "memory.usage_in_bytes",
    .reclaimable = "total_inactive_file"  // in v1 only the total_ lines include child groups
};
constexpr GroupFiles second_version{
    .limit = "memory.max", .used = "memory.current", .reclaimable = "inactive_file"
};

void narrow(HostMemory& memory, const fs::path& group, const GroupFiles& files) {
    const std::optional<std::uint64_t> limit = first_number(content(group / files.limit));
    const std::optional<std::uint64_t> used = first_number(content(group / files.used));
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
        if (line.starts_with(' ')) return first_number(line);
    }
    return std::nullopt;
}

std::optional<HostMemory> host_memory(const fs::path& root) {
    const std::string machine = content(root / "proc/meminfo");
    const std::optional<std::uint64_t> total = number_of("MemTotal", machine);
    const std::optional<std::uint64_t> available = number_of("MemAvailable", machine);
    if (!total || !available) return std::nullopt;
    HostMemory memory{.total_bytes = *total * KiB, .available_bytes = *available * KiB};
    const ControlGroups groups = control_groups("memory", root);
    for (const fs::path& group : groups.folders)
        narrow(memory, group, groups.first_version ? first_version : second_version);
    return memory;
}

}  // namespace vignette
