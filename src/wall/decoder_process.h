// One decoder process: a child that opens what strangers sent, with nothing in its reach but the memories it
// is lent. One thread at a time.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "core/mutex.h"
#include "vignette/bytes.h"
#include "wall/message.h"
#include "wall/shared_memory.h"

namespace vignette {

// Of each question: its processor time, and the time until its answer, which other work may delay.
inline constexpr std::chrono::seconds decode_time_max{30};
inline constexpr std::chrono::seconds answer_time_max{90};

class DecoderProcess {
public:
    DecoderProcess(pid_t pid, FileDescriptor socket) : pid_(pid), socket_(std::move(socket)) {}

    // Does not wait until the process is ready.
    static Result<std::unique_ptr<DecoderProcess>> start(const std::filesystem::path& program);
    ~DecoderProcess();  // kills it
    DecoderProcess(const DecoderProcess&) = delete;
    DecoderProcess& operator=(const DecoderProcess&) = delete;

    Result<WallKind> wall();  // waits until it is ready

    // Puts what the next question is about into the input memory, where it stays until the next call.
    Result<void> give(std::span<const std::byte> encoded);

    // Makes sure that the output memory has room for so many bytes.
    Result<void> make_room(std::size_t bytes);
    std::size_t room() const;
    std::span<const std::uint8_t> output() const;

    // Waits for the answer. Kills the process when a stop is requested (`cancelled`), when it takes too long
    // (`too_slow`) or breaks the protocol; is_alive() is false after that.
    Result<DecoderAnswer> ask(DecoderQuestion question, const std::stop_token& stop);

    // The first `bytes` of the output memory as a buffer of their own. The process gets another memory for
    // what follows, unless this one comes back before.
    Samples take_output(std::size_t bytes);

    void kill();  // is_alive() is false after that

    // What ended between two questions, as by the system when memory is short, is no picture's fault.
    bool is_alive() const;
    int questions() const { return questions_; }
    pid_t pid() const { return pid_; }

private:
    // Output memories that came back. Shared with the buffers that are still out, which may outlive the
    // process.
    struct Returned {
        Mutex mutex;
        std::vector<std::shared_ptr<SharedMemory>> memories GUARDED_BY(mutex);
    };

    std::shared_ptr<SharedMemory> returned_memory(std::size_t bytes);
    bool wait_for_message(std::chrono::milliseconds time) const;

    pid_t pid_;
    FileDescriptor socket_;
    bool alive_ = true;
    int questions_ = 0;
    std::optional<WallKind> wall_;
    SharedMemory input_;
    bool input_is_new_ = false;
    std::size_t encoded_bytes_ = 0;
    std::shared_ptr<SharedMemory> output_;
    std::weak_ptr<SharedMemory> known_output_;  // that the process has mapped
    std::shared_ptr<Returned> returned_ = std::make_shared<Returned>();
};

}  // namespace vignette
