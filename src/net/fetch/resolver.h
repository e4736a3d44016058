// Resolves a host name to its IP addresses, with a deadline.
#pragma once

#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/thread_pool.h"
#include "net/fetch/address_rules.h"
#include "vignette/error.h"

namespace vignette {

// Empty for an address family other than IPv4 and IPv6.
std::optional<IpAddress> address_of_socket(const sockaddr* socket_address);

class Resolver {
public:
    using Clock = std::chrono::steady_clock;
    using Addresses = std::vector<IpAddress>;

    virtual ~Resolver() = default;

    // All addresses of the name, at least one. Any thread; returns when they are known, at the deadline
    // (`too_slow`), or when a stop is requested (`cancelled`). An unknown name is `unreachable`.
    virtual Result<Addresses> resolve(
        const std::string& host, Clock::time_point deadline, const std::stop_token& stop
    ) = 0;
};

// Asks the system on a thread pool: a lookup cannot be interrupted, so the answer to an abandoned one is
// dropped when it comes. While too many are open, the next is `too_slow` at once. The destructor waits for
// those still open.
class SystemResolver final : public Resolver {
public:
    using LookUp = std::function<Result<Addresses>(const std::string& host)>;

    explicit SystemResolver(LookUp look_up = ask_system);
    ~SystemResolver() override;
    SystemResolver(const SystemResolver&) = delete;
    SystemResolver& operator=(const SystemResolver&) = delete;

    Result<Addresses> resolve(
        const std::string& host, Clock::time_point deadline, const std::stop_token& stop
    ) override;

private:
    static Result<Addresses> ask_system(const std::string& host);

    const LookUp look_up_;
    std::atomic<int> open_ = 0;
    std::atomic<bool> closing_ = false;
    ThreadPool crew_;  // last member: joined before the others are destroyed
};

}  // namespace vignette
