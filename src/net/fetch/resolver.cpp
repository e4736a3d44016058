#include "net/fetch/resolver.h"

#include <ares.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <span>

#include "core/file_descriptor.h"

namespace vignette {
namespace {

using Addresses = Resolver::Addresses;

auto nameless() { return fail(ErrorCode::unreachable, "the host is unknown; check its spelling"); }

auto no_answer(int status) {
    return fail(
        ErrorCode::unreachable, "the name servers did not say where the host is (" +
                                    std::string(ares_strerror(status)) + "); try again"
    );
}

// c-ares wants its initialisation counted, not repeated while others use it.
bool is_ready() {
    static const bool ready = ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS;
    return ready;
}

struct DestroyChannel {
    void operator()(ares_channeldata* channel) const { ares_destroy(channel); }
};

struct FreeAddresses {
    void operator()(ares_addrinfo* found) const { ares_freeaddrinfo(found); }
};

Result<Addresses> addresses_of(const ares_addrinfo& found) {
    Addresses addresses;
    for (const ares_addrinfo_node* one = found.nodes; one != nullptr; one = one->ai_next) {
        const std::optional<IpAddress> address = address_of_socket(one->ai_addr);
        if (address && std::ranges::find(addresses, *address) == addresses.end())
            addresses.push_back(*address);
    }
    if (addresses.empty()) return nameless();
    return addresses;
}

// One name asked of the name servers. The caller drives it: nothing happens between the calls of work().
class Question {
public:
    static Result<std::unique_ptr<Question>> ask(const std::string& host, const std::string& servers) {
        ares_channel channel = nullptr;
        if (!is_ready()) return no_answer(ARES_ENOTINITIALIZED);
        if (const int status = ares_init(&channel); status != ARES_SUCCESS) return no_answer(status);
        auto question = std::make_unique<Question>(channel);
        if (!servers.empty() && ares_set_servers_ports_csv(channel, servers.c_str()) != ARES_SUCCESS)
            return no_answer(ARES_EBADSTR);
        ares_addrinfo_hints hints{};
        hints.ai_family = AF_UNSPEC;
        hints.ai_socktype = SOCK_STREAM;
        ares_getaddrinfo(channel, host.c_str(), nullptr, &hints, take, question.get());
        return question;
    }

    explicit Question(ares_channel channel) : channel_(channel) {}
    Question(const Question&) = delete;
    Question& operator=(const Question&) = delete;

    bool is_answered() const { return answer_.has_value(); }
    Result<Addresses> answer() { return *std::move(answer_); }

    // Waits for the servers, for their time to be over, for `wake`, or until `deadline`; reads what has come.
    void work(int wake, Resolver::Clock::time_point deadline) {
        std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets{};
        const auto wanted =
            static_cast<unsigned>(ares_getsock(channel_.get(), sockets.data(), sockets.size()));
        std::array<pollfd, ARES_GETSOCK_MAXNUM + 1> polled{};
        nfds_t count = 0;
        polled[count++] = {.fd = wake, .events = POLLIN, .revents = 0};
        for (unsigned i = 0; i < sockets.size(); ++i) {
            const int events = (ARES_GETSOCK_READABLE(wanted, i) != 0 ? POLLIN : 0) |
                               (ARES_GETSOCK_WRITABLE(wanted, i) != 0 ? POLLOUT : 0);
            if (events != 0)
                polled[count++] = {.fd = sockets[i], .events = static_cast<short>(events), .revents = 0};
        }
        if (poll(polled.data(), count, patience(deadline)) > 0)
            for (const pollfd& one : std::span(polled).subspan(1, count - 1)) read(one);
        ares_process_fd(channel_.get(), ARES_SOCKET_BAD, ARES_SOCKET_BAD);  // whose time is over
    }

private:
    // c-ares calls it once, from ask(), from work(), or from the destructor.
    static void take(void* self, int status, int /*timeouts*/, ares_addrinfo* found) {
        const std::unique_ptr<ares_addrinfo, FreeAddresses> owner(found);
        auto& answer = static_cast<Question*>(self)->answer_;
        switch (status) {
            case ARES_SUCCESS: answer = addresses_of(*found); break;
            case ARES_ENODATA:
            case ARES_ENOTFOUND:
            case ARES_EBADNAME: answer = nameless(); break;
            default: answer = no_answer(status);
        }
    }

    void read(const pollfd& one) {
        const bool readable = (one.revents & (POLLIN | POLLERR | POLLHUP)) != 0;
        const bool writable = (one.revents & POLLOUT) != 0;
        if (!readable && !writable) return;
        ares_process_fd(
            channel_.get(), readable ? one.fd : ARES_SOCKET_BAD, writable ? one.fd : ARES_SOCKET_BAD
        );
    }

    int patience(Resolver::Clock::time_point deadline) {
        using std::chrono::milliseconds;
        constexpr milliseconds longest{60'000};
        const auto left = std::chrono::ceil<milliseconds>(
            std::min<Resolver::Clock::duration>(deadline - Resolver::Clock::now(), longest)
        );
        timeval longest_wait{
            .tv_sec = std::max<std::int64_t>(left.count(), 0) / 1000,
            .tv_usec = std::max<std::int64_t>(left.count(), 0) % 1000 * 1000
        };
        timeval of_servers{};
        const timeval* wait = ares_timeout(channel_.get(), &longest_wait, &of_servers);
        return static_cast<int>(wait->tv_sec * 1000 + (wait->tv_usec + 999) / 1000);
    }

    std::optional<Result<Addresses>> answer_;
    std::unique_ptr<ares_channeldata, DestroyChannel> channel_;  // last member: its end may answer
};

}  // namespace

std::optional<IpAddress> address_of_socket(const sockaddr* socket_address) {
    if (socket_address->sa_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, socket_address, sizeof v4);
        return ip_v4(ntohl(v4.sin_addr.s_addr));
    }
    if (socket_address->sa_family != AF_INET6) return std::nullopt;
    sockaddr_in6 v6{};
    std::memcpy(&v6, socket_address, sizeof v6);
    IpAddress address{.version = IpAddress::Version::six, .bytes = {}};
    std::memcpy(address.bytes.data(), &v6.sin6_addr, address.bytes.size());
    return address;
}

Result<Addresses> SystemResolver::resolve(
    const std::string& host, Clock::time_point deadline, const std::stop_token& stop
) {
    const FileDescriptor wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!wake) return no_answer(ARES_ENOMEM);
    Result<std::unique_ptr<Question>> question = Question::ask(host, servers_);
    if (!question) return std::unexpected(question.error());
    const std::stop_callback on_stop(stop, [&wake] { eventfd_write(wake.get(), 1); });
    while (!(*question)->is_answered()) {
        if (stop.stop_requested()) return fail(ErrorCode::cancelled, "the fetch was cancelled");
        if (Clock::now() >= deadline)
            return fail(ErrorCode::too_slow, "looking up the host took too long; try again");
        (*question)->work(wake.get(), deadline);
    }
    return (*question)->answer();
}

}  // namespace vignette
