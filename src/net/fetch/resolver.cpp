#include "net/fetch/resolver.h"

#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include "core/mutex.h"

namespace vignette {
namespace {

constexpr int threads = 64;  // one for each fetch that may be under way: who holds a slot waits for no thread
constexpr int open_max = 256;

struct FreeAddresses {
    void operator()(addrinfo* found) const { freeaddrinfo(found); }
};

// Shared by the waiting and the resolving thread: either may finish first.
struct Question {
    Mutex mutex;
    std::condition_variable_any answered;
    std::optional<Result<Resolver::Addresses>> answer GUARDED_BY(mutex);
    std::atomic<bool> given_up = false;
};

auto lookup_too_slow() { return fail(ErrorCode::too_slow, "looking up the host took too long; try again"); }

auto nameless() { return fail(ErrorCode::unreachable, "the host is unknown; check its spelling"); }

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

SystemResolver::SystemResolver(LookUp look_up) : look_up_(std::move(look_up)), crew_(threads) {}

SystemResolver::~SystemResolver() { closing_ = true; }

Result<Resolver::Addresses> SystemResolver::resolve(
    const std::string& host, Clock::time_point deadline, const std::stop_token& stop
) {
    if (open_ >= open_max) return lookup_too_slow();
    ++open_;
    const auto question = std::make_shared<Question>();
    crew_.add([this, question, host] {
        Result<Addresses> answer = lookup_too_slow();
        if (!closing_ && !question->given_up) answer = look_up_(host);
        --open_;
        const MutexLock lock(question->mutex);
        question->answer = std::move(answer);
        question->answered.notify_all();
    });
    MutexLock lock(question->mutex);
    const auto is_answered = [&]() REQUIRES(question->mutex) { return question->answer.has_value(); };
    if (question->answered.wait_until(lock, stop, deadline, is_answered)) return *std::move(question->answer);
    question->given_up = true;
    if (stop.stop_requested()) return fail(ErrorCode::cancelled, "the fetch was cancelled");
    return lookup_too_slow();
}

Result<Resolver::Addresses> SystemResolver::ask_system(const std::string& host) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    addrinfo* first = nullptr;
    if (getaddrinfo(host.c_str(), nullptr, &hints, &first) != 0) return nameless();
    const std::unique_ptr<addrinfo, FreeAddresses> owner(first);
    Addresses addresses;
    for (const addrinfo* one = first; one != nullptr; one = one->ai_next) {
        const std::optional<IpAddress> address = address_of_socket(one->ai_addr);
        if (address && std::ranges::find(addresses, *address) == addresses.end())
            addresses.push_back(*address);
    }
    if (addresses.empty()) return nameless();
    return addresses;
}

}  // namespace vignette
