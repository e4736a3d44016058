// From a host's name to its addresses, with a deadline.
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

// Nothing for a family that is not the internet's.
std::optional<IpAddress> address_of_socket(const sockaddr* socket_address);

class Resolver {
public:
    using Clock = std::chrono::steady_clock;
    using Addresses = std::vector<IpAddress>;

    virtual ~Resolver() = default;

    // All addresses of the name, at least one. Any thread; returns when they are there, at the deadline
    // (`too_slow`), or when `stop` was requested (`cancelled`). Nobody of that name: `unreachable`.
    virtual Result<Addresses> resolve(
        const std::string& host, Clock::time_point deadline, const std::stop_token& stop
    ) = 0;
};

// Asks the system on a crew of threads: its question cannot be broken off, so the answer to one that was
// given up is dropped when it comes. The destructor waits for those that are open.
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
    ThreadPool crew_;  // last member: joined before the others die
};

}  // namespace vignette
