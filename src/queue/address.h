// Where the queue is: redis://[user:password@]host:port/db[?prefix=...]. A value; for any thread.
#pragma once

#include <string>
#include <string_view>

#include "vignette/error.h"

namespace vignette {

struct QueueAddress {
    std::string host = "127.0.0.1";
    int port = 6379;
    int database = 0;
    std::string user;      // empty: Redis' default one
    std::string password;  // empty: none
    std::string prefix = "vignette:";

    std::string shown() const;  // for logs: without user and password
};

// Error `usage`; it never repeats the address, which may hold a password.
Result<QueueAddress> read_queue_address(std::string_view text);

}  // namespace vignette
