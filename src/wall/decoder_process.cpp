#include "wall/decoder_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "core/memory/picture_memory.h"
#include "core/stop.h"
#include "wall/answers.h"

namespace vignette {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds ready_time_max{30};
constexpr std::size_t returned_max = 2;

std::unexpected<Error> fail_start(const char* what, int reason) {
    return fail(
        ErrorCode::unavailable,
        std::string("no decoder process can be started: ") + what + ": " + std::strerror(reason) +
            "; run `vignette doctor`, or set VIGNETTE_SANDBOX=off to decode without a wall"
    );
}

std::unexpected<Error> fail_too_slow() {
    return fail(
        ErrorCode::too_slow, "decoding it takes longer than " + std::to_string(decode_time_max.count()) +
                                 " s; send a smaller copy, or save it again as JPEG or PNG"
    );
}

// A process for a posix_spawn: the child keeps its socket, as 3, and nothing else of ours.
class SpawnActions {
public:
    SpawnActions() { posix_spawn_file_actions_init(&actions_); }
    ~SpawnActions() { posix_spawn_file_actions_destroy(&actions_); }
    SpawnActions(const SpawnActions&) = delete;
    SpawnActions& operator=(const SpawnActions&) = delete;

    void keep_only(int socket) {
        posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_addopen(&actions_, 1, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_addopen(&actions_, 2, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_adddup2(&actions_, socket, decoder_socket);
        posix_spawn_file_actions_addclosefrom_np(&actions_, decoder_socket + 1);
    }
    const posix_spawn_file_actions_t* get() const { return &actions_; }

private:
    posix_spawn_file_actions_t actions_{};
};

// Signals that we block are not blocked there, and it does not get those of our terminal.
class SpawnAttributes {
public:
    SpawnAttributes() {
        posix_spawnattr_init(&attributes_);
        sigset_t none;
        sigemptyset(&none);
        sigset_t all;
        sigfillset(&all);
        posix_spawnattr_setsigmask(&attributes_, &none);
        posix_spawnattr_setsigdefault(&attributes_, &all);
        posix_spawnattr_setpgroup(&attributes_, 0);
        posix_spawnattr_setflags(
            &attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP
        );
    }
    ~SpawnAttributes() { posix_spawnattr_destroy(&attributes_); }
    SpawnAttributes(const SpawnAttributes&) = delete;
    SpawnAttributes& operator=(const SpawnAttributes&) = delete;
    const posix_spawnattr_t* get() const { return &attributes_; }

private:
    posix_spawnattr_t attributes_{};
};

}  // namespace

Result<std::unique_ptr<DecoderProcess>> DecoderProcess::start(const std::filesystem::path& program) {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
        return fail_start("socketpair", errno);
    FileDescriptor ours(ends[0]);
    // Above the numbers that the child uses, so that no step of the spawning overwrites it.
    const FileDescriptor first(ends[1]);
    const FileDescriptor theirs(fcntl(first.get(), F_DUPFD_CLOEXEC, decoder_socket + 1));
    if (!theirs) return fail_start("fcntl", errno);
    SpawnActions actions;
    actions.keep_only(theirs.get());
    const SpawnAttributes attributes;
    std::string name = program.filename().string();
    std::array<char*, 2> arguments{name.data(), nullptr};
    std::array<char*, 1> no_environment{nullptr};
    pid_t pid = 0;
    const int failed = posix_spawn(
        &pid, program.c_str(), actions.get(), attributes.get(), arguments.data(), no_environment.data()
    );
    if (failed != 0) return fail_start(program.c_str(), failed);
    return std::make_unique<DecoderProcess>(pid, std::move(ours));
}

DecoderProcess::~DecoderProcess() {
    kill();
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

bool DecoderProcess::is_alive() const {
    pollfd socket{.fd = socket_.get(), .events = 0, .revents = 0};
    return alive_ && (poll(&socket, 1, 0) == 0 || (socket.revents & POLLHUP) == 0);
}

void DecoderProcess::kill() {
    alive_ = false;
    ::kill(pid_, SIGKILL);
}

bool DecoderProcess::wait_for_message(std::chrono::milliseconds time) const {
    const Clock::time_point end = Clock::now() + time;
    pollfd waiting{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
        const int ready = poll(&waiting, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
        if (ready > 0) return true;
        if (ready == 0 || errno != EINTR) return false;
    }
}

Result<WallKind> DecoderProcess::wall() {
    if (wall_) return *wall_;
    Hello hello;
    const bool ready = wait_for_message(ready_time_max) && receive_message(socket_.get(), hello);
    if (!ready) {
        kill();
        return fail(
            ErrorCode::unavailable,
            "a decoder process ended before it was ready; run `vignette doctor`, or reinstall"
        );
    }
    wall_ = hello.wall == WallKind::seccomp ? WallKind::seccomp : WallKind::process;
    return *wall_;
}

Result<void> DecoderProcess::give(std::span<const std::byte> encoded) {
    const std::size_t had = input_.bytes().size();
    if (had < encoded.size() || had > kept_memory_max) {  // it lets go of a large one, too
        input_ = TRY(SharedMemory::create(encoded.size()));
        input_is_new_ = true;
    }
    std::memcpy(input_.bytes().data(), encoded.data(), encoded.size());
    encoded_bytes_ = encoded.size();
    return {};
}

std::shared_ptr<SharedMemory> DecoderProcess::returned_memory(std::size_t bytes) {
    const MutexLock lock(returned_->mutex);
    auto& memories = returned_->memories;
    const auto fits = [bytes](const auto& memory) { return memory->bytes().size() >= bytes; };
    auto found = std::ranges::find_if(memories, [&](const auto& memory) {
        return fits(memory) && memory == known_output_.lock();
    });
    if (found == memories.end()) found = std::ranges::find_if(memories, fits);
    if (found == memories.end()) return nullptr;
    std::shared_ptr<SharedMemory> memory = std::move(*found);
    memories.erase(found);
    return memory;
}

Result<void> DecoderProcess::make_room(std::size_t bytes) {
    if (output_ && output_->bytes().size() >= bytes) return {};
    output_ = returned_memory(bytes);
    if (!output_) output_ = std::make_shared<SharedMemory>(TRY(SharedMemory::create(bytes)));
    return {};
}

std::size_t DecoderProcess::room() const { return output_ ? output_->bytes().size() : 0; }

std::span<const std::uint8_t> DecoderProcess::output() const { return output_->bytes(); }

Samples DecoderProcess::take_output(std::size_t bytes) {
    std::shared_ptr<SharedMemory> memory = std::exchange(output_, nullptr);
    const std::span<std::uint8_t> pixels = memory->bytes().first(bytes);
    const bool large = memory->bytes().size() > kept_memory_max;
    return adopt_memory(pixels, [memory = std::move(memory), returned = returned_, large]() mutable {
        if (large) return memory.reset();
        const MutexLock lock(returned->mutex);
        if (returned->memories.size() < returned_max) returned->memories.push_back(std::move(memory));
        memory.reset();
    });
}

Result<DecoderAnswer> DecoderProcess::ask(DecoderQuestion question, const std::stop_token& stop) {
    TRY(unless_stopped(stop));
    [[maybe_unused]] const WallKind ready = TRY(wall());
    ++questions_;
    question.encoded_bytes = encoded_bytes_;
    question.seconds_max = static_cast<std::uint64_t>(decode_time_max.count());
    SentFiles files;
    if (std::exchange(input_is_new_, false)) files.input = input_.file();
    if (output_ && known_output_.lock() != output_) {
        files.output = output_->file();
        known_output_ = output_;
    }
    // A pid is not used again before we have waited for it.
    const std::stop_callback killing(stop, [pid = pid_] { ::kill(pid, SIGKILL); });
    DecoderAnswer answer;
    const bool sent = send_message(socket_.get(), question, files);
    const bool answered = sent && wait_for_message(answer_time_max);
    if (answered && receive_message(socket_.get(), answer)) {
        if (output_ && output_->bytes().size() > kept_memory_max) known_output_.reset();  // it let go of it
        return answer;
    }
    const bool too_slow = sent && !answered;
    kill();
    TRY(unless_stopped(stop));
    siginfo_t end{};
    const bool ended = waitid(P_PID, static_cast<id_t>(pid_), &end, WEXITED | WNOWAIT) == 0;
    if (too_slow || (ended && end.si_status == SIGXCPU)) return fail_too_slow();
    return fail_nonsense();
}

}  // namespace vignette
