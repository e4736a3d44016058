// The addresses of a host, if all of them may be connected to.
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <vector>

#include "net/fetch/address_rules.h"
#include "net/fetch/resolver.h"
#include "net/fetch/url.h"
#include "vignette/error.h"

namespace vignette {

using MayDial = std::function<bool(const IpAddress&)>;

// At least one; `forbidden_address` if one of them is not to be dialled.
Result<std::vector<IpAddress>> approve(
    const Url& url, Resolver& resolver, const MayDial& may_dial, Resolver::Clock::time_point deadline,
    const std::stop_token& stop
);

}  // namespace vignette
