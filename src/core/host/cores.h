// How many cores this process may keep busy. Threads beyond that take turns; beyond a container's quota they
// use it up early in each period, and then all of them stand still until the next. Any thread.
#pragma once

#include <filesystem>
#include <optional>

namespace vignette {

struct HostCores {
    int machine = 1;
    int allowed = 1;              // of them, by the calling thread's affinity mask
    std::optional<double> quota;  // how many cores' time the control groups leave; empty: no limit

    // At least one. A fraction of a core is worth a thread: 2 for a quota of 1.5.
    int usable() const;
    bool operator==(const HostCores&) const = default;
};

// `root` is the folder with proc/ and sys/; tests provide their own.
HostCores host_cores(const std::filesystem::path& root = "/");

int usable_cores();

}  // namespace vignette
