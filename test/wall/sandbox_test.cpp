#include "wall/sandbox.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "wall/decoder_process.h"

namespace vignette {
namespace {

namespace fs = std::filesystem;

std::string content(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

constexpr int no_seccomp = 2;

// What `action` gives in a process that has entered the sandbox.
int inside(const std::function<bool()>& action) {
    const pid_t child = fork();
    if (child == 0) {
        if (enter_sandbox() != WallKind::seccomp) _exit(no_seccomp);
        _exit(action() ? 1 : 0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

constexpr int did_not = 0;
constexpr int did = 1;

// Some containers forbid seccomp; there the processes only keep crashes and limits apart, and `doctor` says
// so.
struct Sandbox : ::testing::Test {
    void SetUp() override {
        if (inside([] { return true; }) == no_seccomp) GTEST_SKIP() << "this system offers no seccomp";
    }
};

TEST_F(Sandbox, NothingOutsideCanBeReached) {
    EXPECT_EQ(inside([] { return open("/etc/passwd", O_RDONLY) >= 0; }), did_not);
    EXPECT_EQ(inside([] { return open("/tmp/vignette-was-here", O_CREAT | O_WRONLY, 0600) >= 0; }), did_not);
    EXPECT_EQ(inside([] { return socket(AF_INET, SOCK_STREAM, 0) >= 0; }), did_not);
    EXPECT_EQ(inside([] { return socket(AF_UNIX, SOCK_STREAM, 0) >= 0; }), did_not);
    EXPECT_EQ(inside([] { return execl("/bin/true", "true", nullptr) == 0; }), did_not);
    EXPECT_EQ(inside([] { return ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0; }), did_not);
    EXPECT_EQ(inside([] { return kill(getppid(), 0) == 0; }), did_not);
    EXPECT_EQ(inside([] { return fork() >= 0; }), did_not);
    EXPECT_EQ(inside([] { return unlink("/tmp/vignette-was-here") == 0; }), did_not);
}

TEST_F(Sandbox, MemoryAndThreadsAreStillThere) {
    EXPECT_EQ(inside([] { return std::vector<char>(64 * MiB, 'x').back() == 'x'; }), did);
    EXPECT_EQ(
        inside([] {
            bool ran = false;
            std::jthread([&] { ran = true; }).join();
            return ran;
        }),
        did
    );
}

#ifndef VIGNETTE_SANITIZED  // which allocates by its own rules
TEST_F(Sandbox, ATaskGetsNoMoreMemoryThanItsLimit) {
    const auto allocates = [](std::size_t bytes) {
        return [bytes] {
            limit_next_task(64 * MiB, 10);
            // Not malloc(), which may have some left from before.
            return mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
                   MAP_FAILED;
        };
    };
    EXPECT_EQ(inside(allocates(48 * MiB)), did);
    EXPECT_EQ(inside(allocates(80 * MiB)), did_not);
}
#endif

TEST_F(Sandbox, ADecoderProcessHasNothingOfOurs) {
    const std::string key = "rp_THIS-IS-A-SECRET-" + std::to_string(getpid());
    setenv("RUNPOD_AI_API_KEY", key.c_str(), 1);
    const fs::path opened = fs::temp_directory_path() / "vignette-decoder-test-file";
    const int leaked = open(opened.c_str(), O_CREAT | O_RDWR, 0600);  // not closed by exec
    const std::unique_ptr<DecoderProcess> process = *DecoderProcess::start(VIGNETTE_DECODER);
    ASSERT_EQ(process->wall().value(), WallKind::seccomp);
    close(leaked);
    fs::remove(opened);
    unsetenv("RUNPOD_AI_API_KEY");

    const fs::path proc = "/proc/" + std::to_string(process->pid());
    const std::string status = content(proc / "status");
    EXPECT_NE(status.find("Seccomp:\t2"), std::string::npos);
    EXPECT_NE(status.find("NoNewPrivs:\t1"), std::string::npos);
    EXPECT_EQ(content(proc / "environ"), "");
    for (const auto& entry : fs::directory_iterator(proc / "fd")) {
        const std::string target = fs::read_symlink(entry.path()).string();
#ifdef VIGNETTE_SANITIZED
        if (target.starts_with("pipe:")) continue;  // its own
#endif
        EXPECT_TRUE(target == "/dev/null" || target.starts_with("socket:"))
            << entry.path() << " is " << target;
    }

    std::ifstream maps(proc / "maps");
    std::ifstream memory(proc / "mem", std::ios::binary);
    std::size_t searched = 0;
    for (std::string line; std::getline(maps, line);) {
        std::size_t begin = 0;
        std::size_t end = 0;
        char readable = 0;
        char writable = 0;
        if (std::sscanf(line.c_str(), "%zx-%zx %c%c", &begin, &end, &readable, &writable) != 4) continue;
        if (readable != 'r' || writable != 'w' || end - begin > 256 * MiB) continue;
        std::string bytes(end - begin, '\0');
        memory.clear();
        memory.seekg(static_cast<std::streamoff>(begin));
        memory.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        searched += static_cast<std::size_t>(memory.gcount());
        EXPECT_EQ(bytes.find(key), std::string::npos) << line;
    }
    if (searched == 0) std::puts("its memory was not searched: that takes CAP_SYS_PTRACE");
}

}  // namespace
}  // namespace vignette
