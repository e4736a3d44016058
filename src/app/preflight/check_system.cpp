// The machine around the model: memory, disk and network.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>

#include "app/preflight/checks.h"
#include "app/url_options.h"
#include "bundle/footprint.h"
#include "core/file_descriptor.h"
#include "core/host/host_memory.h"
#include "net/client/reach.h"
#include "vignette/bytes.h"

namespace vignette {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t gib = 1024 * MiB;

// libtorch and the work of a step need about 2 GiB, CUDA's libraries as much again. On the CPU the weights
// are memory-mapped or cast into memory; on their way to a GPU they only pass through it.
std::uint64_t memory_needed(
    const PreflightOptions& options, bool gpu, const std::optional<ModelNeeds>& needs
) {
    if (options.memory_gib_min) {
        return static_cast<std::uint64_t>(*options.memory_gib_min * static_cast<double>(gib));
    }
    if (gpu) return 4 * gib;
    return 2 * gib + (needs ? needs->weights_bytes : 0);
}

std::string percent_text(double share) {
    std::string text = std::to_string(share);
    return text.substr(0, text.find('.') + 2) + " %";
}

// A second descriptor is refused what the first holds. Whether other machines see the lock, nobody can tell
// here.
bool locks_hold(int file, const std::string& path) {
    if (flock(file, LOCK_EX | LOCK_NB) != 0) return false;
    const FileDescriptor other(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    return other && flock(other.get(), LOCK_EX | LOCK_NB) != 0;
}

std::string cores_text(double cores) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.4g", cores);
    return text.data();
}

struct Share {
    fs::path place;
    fs::space_info space;

    double percent() const {
        return 100.0 * static_cast<double>(space.available) / static_cast<double>(space.capacity);
    }
    std::string text() const {
        return place.string() + " has " + percent_text(percent()) + " free (" + gib_text(space.available) +
               ")";
    }
};

// Of the system's disk and the temporary folder's. A path whose space is unknown is left out.
std::vector<Share> disk_shares(const fs::path& root) {
    std::error_code no_folder;
    std::vector<Share> shares;
    for (const fs::path& place : {root, fs::temp_directory_path(no_folder)}) {
        std::error_code failed;
        const fs::space_info space = fs::space(place, failed);
        if (!failed && space.capacity > 0) shares.push_back({place, space});
    }
    return shares;
}

}  // namespace

Check check_memory(const PreflightOptions& options, bool gpu, const std::optional<ModelNeeds>& needs) {
    const std::optional<HostMemory> memory = host_memory(options.root);
    if (!memory) return noted("memory", "not known here");
    const std::uint64_t needed = memory_needed(options, gpu, needs);
    const std::string limit = memory->limited_by.empty() ? "" : " (limit of " + memory->limited_by + ")";
    const std::string found =
        gib_text(memory->available_bytes) + " of " + gib_text(memory->total_bytes) + " available" + limit;
    if (memory->available_bytes >= needed) return passed("memory", found);
    return failed(
        "memory", found + ", " + gib_text(needed) + " needed",
        memory->limited_by.empty() ? "stop other programs or use a larger machine"
                                   : "give the container more memory, or use a larger machine"
    );
}

Check check_cpu(const HostCores& cores) {
    const int usable = cores.usable();
    const bool limited = cores.quota && *cores.quota < cores.allowed;
    std::string found = std::to_string(usable) + (usable == 1 ? " core" : " cores");
    if (limited || usable < cores.machine) {
        found += " (of " + std::to_string(cores.machine) +
                 (limited ? "; this container may use " + cores_text(*cores.quota) : "") + ")";
    }
    return passed("cpu", std::move(found));
}

Check check_disk(const PreflightOptions& options) {
    std::string found;
    for (const Share& share : disk_shares(options.root)) {
        if (share.percent() < options.disk_percent_min) {
            return failed(
                "disk", share.text() + ", " + percent_text(options.disk_percent_min) + " needed",
                "delete what is not needed, give the container a larger disk, or set "
                "RUNPOD_MIN_DISK_PERCENT lower"
            );
        }
        found += (found.empty() ? "" : ", ") + share.text();
    }
    return found.empty() ? noted("disk", "not known here") : passed("disk", found);
}

// Of the host that jobs come from, as RunPod's SDK has it since 2.0: a worker that cannot get there costs
// money for nothing. Its address has the endpoint's id in it, so only libcurl's reason is told, which names
// host and port.
Check check_network(const PreflightOptions& options) {
    const Result<void> reached = reach(options.job_api, options.network_timeout);
    if (reached) return passed("network", "RunPod's job API can be reached");
    return failed(
        "network", "RunPod's job API cannot be reached: " + reached.error().message,
        "try another machine or region; RUNPOD_NETWORK_CHECK_TIMEOUT (seconds) gives a slow network longer"
    );
}

// Tried, not asked: root may write where the disk is mounted read-only, or so permissions say.
Check check_outbox(const fs::path& outbox) {
    const char* remedy = "name a folder in VIGNETTE_OUTBOX that this user may write to";
    std::error_code error;
    fs::create_directories(outbox, error);
    std::string probe = (outbox / ".preflight-XXXXXX").string();
    const int file = mkstemp(probe.data());
    if (file < 0) {
        return failed("outbox", outbox.string() + " cannot be written: " + std::strerror(errno), remedy);
    }
    const bool written = ::write(file, "x", 1) == 1 && fsync(file) == 0;
    const int reason = errno;
    const bool locked = locks_hold(file, probe);
    close(file);
    fs::remove(probe, error);
    if (written && !locked) {
        return failed(
            "outbox", outbox.string() + " is on a file system without locks",
            "name a folder in VIGNETTE_OUTBOX where flock() works, or one worker takes another's results"
        );
    }
    if (written) return passed("outbox", outbox.string() + " can be written");
    return failed("outbox", outbox.string() + " cannot be written: " + std::strerror(reason), remedy);
}

Check check_urls(const UrlOptions& options) {
    const Result<FetchRules> rules = fetch_rules(options);
    if (!rules) return failed("urls", rules.error());
    if (options.allow_private) {
        return noted(
            "urls",
            "private networks and this machine are allowed: anyone who sends jobs can make us fetch from them"
        );
    }
    return passed("urls", options.hosts.empty() ? "any public host" : "only the hosts listed, if public");
}

}  // namespace vignette
