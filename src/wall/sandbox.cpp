#include "wall/sandbox.h"

#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cstdio>
#include <memory>

#include "core/file_handle.h"
#include "vignette/bytes.h"

namespace vignette {
namespace {

// What decoders need: memory, threads, the clock, and the socket and memories they already have. Nothing here
// opens, connects, executes or looks at another process.
constexpr std::array allowed{
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendmsg),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(close),
    SCMP_SYS(fstat),
    SCMP_SYS(lseek),
    SCMP_SYS(brk),
    SCMP_SYS(mmap),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(mprotect),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(getrandom),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getrusage),
    SCMP_SYS(sysinfo),
    SCMP_SYS(getrlimit),
    SCMP_SYS(setrlimit),
    SCMP_SYS(get_mempolicy),
    SCMP_SYS(membarrier),
#ifdef VIGNETTE_SANITIZED  // how they find out whether memory can be read
    SCMP_SYS(pipe),
    SCMP_SYS(pipe2),
#endif
};

struct FreeFilter {
    void operator()(void* filter) const { seccomp_release(filter); }
};

// Everything else fails as if it were not permitted, which libraries take for a poor machine and go on.
bool filter_calls() {
    const std::unique_ptr<void, FreeFilter> filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)));
    if (!filter) return false;
    for (const int call : allowed) {
        if (seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0) != 0) return false;
    }
    // Threads, not processes. clone3 hides its flags from filters, so glibc must fall back to clone.
    const scmp_arg_cmp threads_only{0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD};
    // A process may signal itself: abort() does.
    const scmp_arg_cmp itself{0, SCMP_CMP_EQ, static_cast<scmp_datum_t>(getpid()), 0};
    // Of itself only: 0 is this process.
    const scmp_arg_cmp own_limits{0, SCMP_CMP_EQ, 0, 0};
    return seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, threads_only) == 0 &&
           seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) == 0 &&
           seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, itself) == 0 &&
           seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, own_limits) == 0 &&
           seccomp_load(filter.get()) == 0;
}

// Private memory that can be written, as the system counts it for RLIMIT_DATA.
std::uint64_t data_bytes() {
    const FileHandle file(std::fopen("/proc/self/statm", "re"));
    unsigned long pages = 0;
    const bool read = file && std::fscanf(file.get(), "%*u %*u %*u %*u %*u %lu", &pages) == 1;
    return read ? std::uint64_t{pages} * static_cast<std::uint64_t>(getpagesize()) : 0;
}

std::uint64_t data_at_start = 0;

void lower(int what, rlim_t soft) {
    rlimit limit{};
    getrlimit(static_cast<__rlimit_resource>(what), &limit);
    limit.rlim_cur = soft < limit.rlim_max ? soft : limit.rlim_max;
    setrlimit(static_cast<__rlimit_resource>(what), &limit);
}

void forbid(int what) {
    const rlimit none{.rlim_cur = 0, .rlim_max = 0};
    setrlimit(static_cast<__rlimit_resource>(what), &none);
}

}  // namespace

WallKind enter_sandbox() {
    forbid(RLIMIT_CORE);
    forbid(RLIMIT_FSIZE);
    prctl(PR_SET_DUMPABLE, 0);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    data_at_start = data_bytes();
    return filter_calls() ? WallKind::seccomp : WallKind::process;
}

void limit_next_task([[maybe_unused]] std::uint64_t memory_bytes, std::uint64_t seconds) {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const auto spent = static_cast<std::uint64_t>(used.ru_utime.tv_sec + used.ru_stime.tv_sec);
    lower(RLIMIT_CPU, spent + seconds + 1);
#ifndef VIGNETTE_SANITIZED  // whose memory does not go by what is allocated
    if (data_at_start > 0) lower(RLIMIT_DATA, data_at_start + memory_bytes);
#endif
}

}  // namespace vignette
