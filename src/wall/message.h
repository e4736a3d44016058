// What this process asks a decoder process, and what that answers: plain values, sent as they lie in memory
// between two programs of the same build. An answer comes from a process that a stranger may have taken over:
// read it only through the functions of answers.h.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "core/file_descriptor.h"
#include "film/source.h"
#include "image/decode.h"
#include "vignette/error.h"
#include "vignette/limits.h"

namespace vignette {

// Text of bounded length in a plain value.
template <std::size_t size>
class ShortText {
public:
    ShortText() = default;
    explicit ShortText(std::string_view text) {
        length_ = static_cast<std::uint32_t>(text.size() < size ? text.size() : size);
        text.copy(characters_.data(), length_);
    }
    std::string_view view() const { return {characters_.data(), length_ < size ? length_ : size}; }

private:
    std::uint32_t length_ = 0;
    std::array<char, size> characters_{};
};

struct DecoderQuestion {
    enum class Kind : std::uint32_t {
        header,
        picture,
        film_needs,
        film_open,
        film_next,
        film_picture,
        film_thumbnail
    };

    Kind kind = Kind::picture;
    std::uint64_t encoded_bytes = 0;  // at the start of the input memory
    std::uint64_t memory_max = 0;     // that the decoder may allocate
    std::uint64_t seconds_max = 0;    // of CPU time
    Limits limits{};
    Size cover{};
    bool fast = false;
    bool skip = false;  // film_next: first skip to `wanted`
    NextWanted wanted{};
};

struct DecoderAnswer {
    static constexpr std::uint32_t ok = 0;

    std::uint32_t failure = ok;  // or an ErrorCode + 1
    ShortText<1024> message{};
    Size size{};  // of the pixels, which are at the start of the output memory
    std::uint32_t format = 0;
    std::uint32_t path = 0;
    Size full{};
    ShortText<32> taken{};
    std::uint32_t orientation = 1;    // header
    std::uint64_t memory_needed = 0;  // film_needs; header: bytes for each pixel, the header's `scratch`
    double duration = 0;              // film_open
    double fps = 0;
    ShortText<64> container{};
    ShortText<64> codec{};
    std::uint32_t has_frame = 0;  // film_next; no bool of a stranger's is read as one
    std::uint32_t last_frame = 0;
    Shown shown{};  // but for `last`
    std::int64_t damaged = 0;
};

inline constexpr int decoder_socket = 3;  // its only descriptor

// The first thing that a decoder process says: how it is closed off.
enum class WallKind : std::uint32_t { process, seccomp };
struct Hello {
    WallKind wall = WallKind::process;
};

static_assert(std::is_trivially_copyable_v<DecoderQuestion> && std::is_trivially_copyable_v<DecoderAnswer>);

// The memories that go with a question, where they are new to the decoder process.
struct SentFiles {
    int input = -1;
    int output = -1;
};

struct ReceivedFiles {
    FileDescriptor input;
    FileDescriptor output;
};

// Sends one message, or receives one of exactly this size; false if the other side is gone or sent something
// else. `files` may be null.
bool send_bytes(int socket, std::span<const std::byte> bytes, const SentFiles& files = {});
bool receive_bytes(int socket, std::span<std::byte> bytes, ReceivedFiles* files = nullptr);

template <class Message>
bool send_message(int socket, const Message& message, const SentFiles& files = {}) {
    return send_bytes(socket, std::as_bytes(std::span(&message, 1)), files);
}

template <class Message>
bool receive_message(int socket, Message& message, ReceivedFiles* files = nullptr) {
    return receive_bytes(socket, std::as_writable_bytes(std::span(&message, 1)), files);
}

}  // namespace vignette
