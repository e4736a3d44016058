#include "core/host/control_groups.h"

#include <charconv>
#include <fstream>
#include <iterator>
#include <ranges>

#include "core/ascii.h"

namespace vignette {
namespace fs = std::filesystem;
namespace {

struct OwnGroup {
    bool first_version = false;
    std::string path;  // under the mount point of its version
};

// In lines of number:controllers:path.
std::optional<OwnGroup> own_group(std::string_view resource, std::string_view lines) {
    std::optional<OwnGroup> found;
    for (const auto piece : lines | std::views::split('\n')) {
        const std::string_view line(piece.begin(), piece.end());
        const std::size_t first = line.find(':');
        const std::size_t second = line.find(':', first + 1);
        if (first == std::string_view::npos || second == std::string_view::npos) continue;
        const std::string_view controllers = line.substr(first + 1, second - first - 1);
        const std::string path(line.substr(second + 1));
        if (line.starts_with("0::")) found = OwnGroup{.first_version = false, .path = path};
        for (const auto controller : controllers | std::views::split(',')) {
            if (std::string_view(controller.begin(), controller.end()) != resource) continue;
            return OwnGroup{.first_version = true, .path = path};  // then v2 does not count this resource
        }
    }
    return found;
}

}  // namespace

ControlGroups control_groups(std::string_view resource, const fs::path& root) {
    const std::optional<OwnGroup> own = own_group(resource, content(root / "proc/self/cgroup"));
    if (!own) return {};
    ControlGroups groups{.first_version = own->first_version, .folders = {}};
    fs::path mount = root / "sys/fs/cgroup";
    if (own->first_version) mount /= resource;
    fs::path level = fs::path(own->path).relative_path();
    if (own->path.find("..") != std::string::npos) level.clear();  // outside what this process may see
    for (; !level.empty(); level = level.parent_path()) groups.folders.push_back(mount / level);
    groups.folders.push_back(mount);
    return groups;
}

std::string content(const fs::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::optional<std::uint64_t> first_number(std::string_view text) {
    text = trim(text);
    text = text.substr(0, text.find_first_of(white_space));
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

}  // namespace vignette
