// The certificate that a server shows, read again whenever its files change. One thread at a time.
#pragma once

#include <array>
#include <boost/asio/ssl/context.hpp>
#include <filesystem>
#include <memory>

#include "net/server/web_server.h"

namespace vignette {

class Certificate {
public:
    using Context = boost::asio::ssl::context;

    // An error names the file and what to do about it.
    static Result<Certificate> read(const TlsFiles& files);

    // For new connections; those that are open keep the one they have.
    const std::shared_ptr<Context>& context() const { return context_; }

    // Reads the files again if they have changed. If that fails, the old certificate stays.
    void look_again();

private:
    struct Stamp {
        std::filesystem::file_time_type written;
        std::uintmax_t bytes = 0;
        bool operator==(const Stamp&) const = default;
    };
    using Stamps = std::array<Stamp, 2>;

    static Stamps stamps_of(const TlsFiles& files);

    TlsFiles files_;
    Stamps stamps_;
    std::shared_ptr<Context> context_;
};

}  // namespace vignette
