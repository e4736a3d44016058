// The control groups of this process, which is how the kernel knows a container and its limits, and the small
// files in which it tells about them. Any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vignette {

struct ControlGroups {
    bool first_version = false;                  // cgroup v1
    std::vector<std::filesystem::path> folders;  // from this process's own group to the outermost
    bool operator==(const ControlGroups&) const = default;
};

// Those that count what this process uses of "memory" or "cpu", each of which may limit it; no folders if
// there are none. A folder need not exist: in a container the path may be the host's, where only the mount
// point itself is visible. `root` is the folder with proc/ and sys/; tests provide their own.
ControlGroups control_groups(std::string_view resource, const std::filesystem::path& root = "/");

std::string content(const std::filesystem::path& file);  // empty if it cannot be read

// The whole number that the text begins with, as a word of its own. Empty for "max" and "-1": no limit.
std::optional<std::uint64_t> first_number(std::string_view text);

}  // namespace vignette
