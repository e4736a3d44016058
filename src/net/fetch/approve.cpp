#include "net/fetch/approve.h"

#include <algorithm>

namespace vignette {

// Every address of the host must be public: if they are mixed, nobody knows which one will be used next time.
Result<std::vector<IpAddress>> approve(
    const Url& url, Resolver& resolver, const MayDial& may_dial, Resolver::Clock::time_point deadline,
    const std::stop_token& stop
) {
    std::vector<IpAddress> addresses;
    if (url.address) {
        addresses.push_back(*url.address);
    } else {
        addresses = TRY(resolver.resolve(url.host, deadline, stop));
    }
    if (addresses.empty())
        return fail(ErrorCode::unreachable, "the host has no IP address; check its spelling");
    if (!std::ranges::all_of(addresses, may_dial)) {
        return fail(
            ErrorCode::forbidden_address,
            "the host is not on the public internet; use a public address, or send the picture itself"
        );
    }
    return addresses;
}

}  // namespace vignette
