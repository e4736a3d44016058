#include "wall/message.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace vignette {
namespace {

// Which of the two memories a message brings; a part of each message of its own, since descriptors have no
// names.
struct Envelope {
    bool input = false;
    bool output = false;
};

constexpr std::size_t files_max = 2;

struct ControlSpace {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(files_max * sizeof(int))> bytes{};
};

}  // namespace

bool send_bytes(int socket, std::span<const std::byte> bytes, const SentFiles& files) {
    Envelope envelope{.input = files.input >= 0, .output = files.output >= 0};
    std::array<iovec, 2> parts{
        iovec{.iov_base = &envelope, .iov_len = sizeof envelope},
        iovec{.iov_base = const_cast<std::byte*>(bytes.data()), .iov_len = bytes.size()}
    };
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    std::array<int, files_max> sent{};
    std::size_t count = 0;
    if (envelope.input) sent[count++] = files.input;
    if (envelope.output) sent[count++] = files.output;
    ControlSpace control;
    if (count > 0) {
        message.msg_control = control.bytes.data();
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(count * sizeof(int));
        std::memcpy(CMSG_DATA(header), sent.data(), count * sizeof(int));
    }
    ssize_t done = 0;
    do {
        done = sendmsg(socket, &message, MSG_NOSIGNAL);
    } while (done < 0 && errno == EINTR);
    return done == static_cast<ssize_t>(sizeof envelope + bytes.size());
}

bool receive_bytes(int socket, std::span<std::byte> bytes, ReceivedFiles* files) {
    Envelope envelope;
    std::array<iovec, 2> parts{
        iovec{.iov_base = &envelope, .iov_len = sizeof envelope},
        iovec{.iov_base = bytes.data(), .iov_len = bytes.size()}
    };
    ControlSpace control;
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    if (files != nullptr) {
        message.msg_control = control.bytes.data();
        message.msg_controllen = control.bytes.size();
    }
    ssize_t done = 0;
    do {
        done = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    } while (done < 0 && errno == EINTR);
    if (done != static_cast<ssize_t>(sizeof envelope + bytes.size())) return false;
    if ((message.msg_flags & MSG_TRUNC) != 0) return false;
    if (files == nullptr) return true;
    std::array<FileDescriptor, files_max> received;
    if (const cmsghdr* header = CMSG_FIRSTHDR(&message);
        header != nullptr && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
        const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        std::array<int, files_max> numbers{};
        std::memcpy(numbers.data(), CMSG_DATA(header), count * sizeof(int));
        for (std::size_t i = 0; i < count; ++i) received[i] = FileDescriptor(numbers[i]);
    }
    std::size_t next = 0;
    if (envelope.input) files->input = std::move(received[next++]);
    if (envelope.output) files->output = std::move(received[next]);
    return true;
}

}  // namespace vignette
