#include "fakes/name_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <span>

namespace vignette {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t head_bytes = 12;

sockaddr_in this_machine(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

FileDescriptor open_socket() {
    FileDescriptor opened(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const sockaddr_in any = this_machine(0);
    if (bind(opened.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0) return {};
    return opened;
}

std::uint16_t port_of(int socket) {
    sockaddr_in bound{};
    socklen_t size = sizeof bound;
    getsockname(socket, reinterpret_cast<sockaddr*>(&bound), &size);
    return ntohs(bound.sin_port);
}

// The name in a question, and where what follows it begins.
std::string read_name(std::span<const std::uint8_t> query, std::size_t& at) {
    std::string name;
    while (at < query.size() && query[at] != 0) {
        if (!name.empty()) name += '.';
        const std::size_t length = query[at];
        for (std::size_t i = 1; i <= length && at + i < query.size(); ++i)
            name += static_cast<char>(query[at + i]);
        at += length + 1;
    }
    ++at;
    return name;
}

void add_number(Bytes& bytes, std::uint16_t number) {
    bytes.push_back(static_cast<std::uint8_t>(number >> 8U));
    bytes.push_back(static_cast<std::uint8_t>(number & 0xFFU));
}

Bytes write_reply(
    std::span<const std::uint8_t> question, NameServer::Kind kind, const NameServer::Reply& reply
) {
    const bool garbage = reply.code == NameServer::Code::garbage;
    Bytes bytes(question.begin(), question.end());
    bytes[2] = 0x81;  // an answer, recursion was wanted
    bytes[3] = static_cast<std::uint8_t>(0x80U | (garbage ? 0U : static_cast<unsigned>(reply.code)));
    bytes[7] = garbage ? 200 : static_cast<std::uint8_t>(reply.addresses.size());
    bytes[9] = bytes[11] = 0;  // no other records
    for (const Bytes& address : reply.addresses) {
        add_number(bytes, 0xC000U + head_bytes);  // the name of the question
        add_number(bytes, static_cast<std::uint16_t>(kind));
        add_number(bytes, 1);  // the internet
        add_number(bytes, 0);
        add_number(bytes, 60);  // seconds it may be kept
        add_number(bytes, static_cast<std::uint16_t>(address.size()));
        bytes.insert(bytes.end(), address.begin(), address.end());
    }
    if (garbage) bytes.resize(bytes.size() - 1);
    return bytes;
}

}  // namespace

NameServer::NameServer(Script script)
    : script_(std::move(script)), socket_(open_socket()), thread_([this] { serve(); }) {}

NameServer::~NameServer() {
    // An empty datagram ends serve().
    const sockaddr_in self = this_machine(port_of(socket_.get()));
    sendto(socket_.get(), nullptr, 0, 0, reinterpret_cast<const sockaddr*>(&self), sizeof self);
}

std::string NameServer::address() const { return "127.0.0.1:" + std::to_string(port_of(socket_.get())); }

void NameServer::serve() {
    std::array<std::uint8_t, 512> buffer{};
    for (;;) {
        sockaddr_in asker{};
        socklen_t size = sizeof asker;
        auto* from = reinterpret_cast<sockaddr*>(&asker);
        const ssize_t got = recvfrom(socket_.get(), buffer.data(), buffer.size(), 0, from, &size);
        if (got <= 0) return;
        const auto query = std::span<const std::uint8_t>(buffer).first(static_cast<std::size_t>(got));
        std::size_t at = head_bytes;
        const std::string name = read_name(query, at);
        if (at + 4 > query.size()) continue;
        const auto kind = static_cast<Kind>(query[at] << 8U | query[at + 1]);
        const Reply reply = script_(name, kind);
        if (reply.code == Code::silent) continue;
        const Bytes bytes = write_reply(query.first(at + 4), kind, reply);
        sendto(socket_.get(), bytes.data(), bytes.size(), 0, from, size);
    }
}

}  // namespace vignette
