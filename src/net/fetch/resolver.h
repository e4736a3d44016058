// Resolves a host name to its IP addresses, with a deadline.
#pragma once

#include <sys/socket.h>

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

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

// Asks as the system would (hosts file, resolv.conf, search domains), on the caller's thread: nothing is left
// behind by a question that was given up, so names that nobody answers hold up neither others nor the end of
// the process.
class SystemResolver final : public Resolver {
public:
    // `servers` of resolv.conf where empty; else "address:port", several with commas between.
    explicit SystemResolver(std::string servers = {}) : servers_(std::move(servers)) {}

    Result<Addresses> resolve(
        const std::string& host, Clock::time_point deadline, const std::stop_token& stop
    ) override;

private:
    const std::string servers_;
};

}  // namespace vignette
