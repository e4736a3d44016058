#include "core/host/cores.h"

#include <sched.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <thread>

#include "core/ascii.h"
#include "core/host/control_groups.h"

namespace vignette {
namespace fs = std::filesystem;
namespace {

// Microseconds of processor time and of the period that they are for: cgroup v1 has a file for each, v2 one
// line. Empty also for what is not two numbers: then the group limits nothing.
std::optional<double> quota_of(const fs::path& group) {
    const std::string text = content(group / "cpu.max") + content(group / "cpu.cfs_quota_us") +
                             content(group / "cpu.cfs_period_us");
    const std::size_t end = std::min(text.find_first_of(white_space), text.size());
    const std::uint64_t quota = first_number(text.substr(0, end)).value_or(0);
    const std::uint64_t period = first_number(text.substr(end)).value_or(0);
    if (quota == 0 || period == 0) return std::nullopt;
    return static_cast<double>(quota) / static_cast<double>(period);
}

// 0 if the kernel does not say.
int in_affinity_mask() {
    std::array<cpu_set_t, 32> cores{};  // one alone has room for 1024, and the call fails on larger machines
    if (sched_getaffinity(0, sizeof cores, cores.data()) != 0) return 0;
    return CPU_COUNT_S(sizeof cores, cores.data());
}

}  // namespace

int HostCores::usable() const {
    const double most = std::min(static_cast<double>(allowed), std::ceil(quota.value_or(allowed)));
    return std::max(1, static_cast<int>(most));
}

HostCores host_cores(const fs::path& root) {
    HostCores cores{.machine = std::max(1, static_cast<int>(std::thread::hardware_concurrency()))};
    cores.allowed = in_affinity_mask();
    if (cores.allowed == 0) cores.allowed = cores.machine;
    const ControlGroups groups = control_groups("cpu", root);
    for (const fs::path& group : groups.folders) {
        const std::optional<double> quota = quota_of(group);
        if (quota) cores.quota = std::min(*quota, cores.quota.value_or(*quota));
    }
    return cores;
}

int usable_cores() { return host_cores().usable(); }

}  // namespace vignette
