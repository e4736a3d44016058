// A DNS server on this machine that answers as a test scripts it, over UDP.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "core/file_descriptor.h"

namespace vignette {

class NameServer {
public:
    enum class Kind : std::uint16_t { a = 1, aaaa = 28 };
    // `silent`: nothing is ever said. `garbage`: the answer is cut and its counts lie.
    enum class Code : std::uint8_t {
        fine = 0,
        server_failure = 2,
        unknown_name = 3,
        silent = 0xF0,
        garbage = 0xF1
    };
    struct Reply {
        Code code = Code::fine;
        std::vector<std::vector<std::uint8_t>> addresses;
    };
    using Script = std::function<Reply(const std::string& name, Kind kind)>;

    explicit NameServer(Script script);
    ~NameServer();
    NameServer(const NameServer&) = delete;
    NameServer& operator=(const NameServer&) = delete;

    std::string address() const;  // "127.0.0.1:port"

private:
    void serve();

    const Script script_;
    const FileDescriptor socket_;
    std::jthread thread_;  // last member
};

}  // namespace vignette
