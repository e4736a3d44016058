#include "bundle/mapping_guard.h"

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <string>

#include "core/log.h"
#include "core/mutex.h"

namespace vignette {
namespace {

// What the handler may look at: a signal has no other way to its state than a global. A free place has no
// begin. Whoever faults uses the mapping, so its place does not change meanwhile.
struct GuardedRange {
    std::atomic<std::uintptr_t> begin = 0;
    std::atomic<std::uintptr_t> end = 0;
    std::atomic<bool> damaged = false;
};
constexpr std::size_t places_max = 1024;  // files; any more are not guarded
constinit std::array<GuardedRange, places_max> guarded_ranges;
constinit std::atomic<int> damaged_count = 0;
struct sigaction action_before;

struct FileNames {
    Mutex mutex;
    std::array<std::string, places_max> paths GUARDED_BY(mutex);  // emptied once the log has it
};

FileNames& file_names() {
    static FileNames names;
    return names;
}

GuardedRange* range_of(std::uintptr_t address) {
    for (GuardedRange& range : guarded_ranges) {
        const std::uintptr_t begin = range.begin;
        if (begin != 0 && address >= begin && address < range.end && begin == range.begin) return &range;
    }
    return nullptr;
}

// The rest of the mapping at once, or a cut-off file would come back here for every page.
bool replace_by_zeros(std::byte* at, const GuardedRange& range) {
    const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    const auto address = reinterpret_cast<std::uintptr_t>(at);
    std::byte* const first = at - address % page;
    const std::size_t bytes = range.end - address + address % page;
    constexpr int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE;
    return mmap(first, bytes, PROT_READ, flags, -1, 0) == first;
}

// Any other SIGBUS ends the process as it did before.
void on_bus_error(int signal, siginfo_t* about, void*) {
    const int errno_before = errno;
    auto* const at = static_cast<std::byte*>(about->si_addr);
    GuardedRange* const range = about->si_code > 0 ? range_of(reinterpret_cast<std::uintptr_t>(at)) : nullptr;
    if (range != nullptr && replace_by_zeros(at, *range)) {
        if (!range->damaged.exchange(true)) ++damaged_count;
    } else {
        sigaction(signal, &action_before, nullptr);
        raise(signal);
    }
    errno = errno_before;
}

void install_handler() {
    struct sigaction action{};
    action.sa_sigaction = on_bus_error;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigaction(SIGBUS, &action, &action_before);
}

std::size_t take_place(const std::filesystem::path& file) {
    static const bool installed = (install_handler(), true);
    static_cast<void>(installed);
    FileNames& names = file_names();
    const MutexLock lock(names.mutex);
    for (std::size_t place = 0; place < places_max; ++place) {
        if (guarded_ranges[place].end != 0) continue;
        names.paths[place] = file.string();
        guarded_ranges[place].end = 1;  // taken
        return place;
    }
    return places_max;
}

}  // namespace

MappingGuard::MappingGuard(std::span<const std::byte> mapped, const std::filesystem::path& file)
    : place_(take_place(file)) {
    if (place_ == places_max) return;
    const auto begin = reinterpret_cast<std::uintptr_t>(mapped.data());
    guarded_ranges[place_].end = begin + mapped.size();
    guarded_ranges[place_].begin = begin;
}

MappingGuard::~MappingGuard() {
    if (place_ == places_max) return;
    GuardedRange& range = guarded_ranges[place_];
    range.begin = 0;
    if (range.damaged.exchange(false)) --damaged_count;
    range.end = 0;
}

Result<void> check_mappings(ErrorCode code) {
    if (damaged_count == 0) [[likely]]
        return {};
    FileNames& names = file_names();
    const MutexLock lock(names.mutex);
    for (std::size_t place = 0; place < places_max; ++place) {
        std::string& path = names.paths[place];
        if (!guarded_ranges[place].damaged || path.empty()) continue;
        log_error(
            path +
            " was cut short, or could no longer be read, while it was in use: copy it again from where "
            "it came, to a new file that is then renamed, and start again"
        );
        path.clear();
    }
    return fail(
        code,
        "a weights file of the model was damaged while it was in use; the log names it: copy it again, "
        "and start again"
    );
}

}  // namespace vignette
