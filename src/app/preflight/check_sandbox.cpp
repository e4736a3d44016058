// The processes that open pictures: can they be started, and what closes them off?
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>

#include "app/preflight/checks.h"
#include "app/program_paths.h"
#include "core/file_descriptor.h"

namespace vignette {
namespace {

constexpr int answer_ms_max = 30'000;

// What `vignette-decoder --check` prints; empty if it does not get that far.
std::string printed_by(const std::filesystem::path& program) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return {};
    const FileDescriptor reading(ends[0]);
    FileDescriptor writing(ends[1]);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, writing.get(), STDOUT_FILENO);
    std::string name = program.string();
    std::string check = "--check";
    std::array<char*, 3> arguments{name.data(), check.data(), nullptr};
    pid_t pid = 0;
    const int failed = posix_spawn(&pid, name.c_str(), &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) return {};
    writing = FileDescriptor();
    std::array<char, 32> text{};
    pollfd waiting{.fd = reading.get(), .events = POLLIN, .revents = 0};
    const ssize_t count =
        poll(&waiting, 1, answer_ms_max) > 0 ? read(reading.get(), text.data(), text.size()) : 0;
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    return {text.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0))};
}

}  // namespace

Check check_sandbox(bool on) {
    if (!on) return noted("sandbox", "off: a malicious picture can take this process over");
    const Result<std::filesystem::path> program = find_decoder();
    if (!program) return failed("sandbox", program.error());
    const std::string kind = printed_by(*program);
    if (kind == "seccomp") return passed("sandbox", "processes closed off by seccomp");
    if (kind == "process") {
        return noted("sandbox", "separate processes; this system offers no seccomp to close them off");
    }
    return failed(
        "sandbox", program->string() + " does not start", "run it with --check to see why, or reinstall"
    );
}

}  // namespace vignette
