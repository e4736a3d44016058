#include "app/serving/serve_access.h"

#include <string>

#include "app/files/read_file.h"

namespace vignette {
namespace {

bool is_loopback(const std::string& host) {
    return host.starts_with("127.") || host == "::1" || host == "localhost";
}

Result<std::string> text_of_keys(const std::string& file) {
    if (file.empty()) return std::string();
    return read_text_file(file, 1 * MiB);
}

Result<ApiKeys> read_keys(const ServeOptions& options) {
    const std::string file = TRY(text_of_keys(options.key_file));
    const std::string admin_file = TRY(text_of_keys(options.admin_key_file));
    ApiKeys keys = TRY(ApiKeys::read(
        {.list = options.keys, .file = file}, {.list = options.admin_keys, .file = admin_file},
        options.rate_limit
    ));
    if (keys.none() && !(options.keys.empty() && options.key_file.empty()))
        return fail(ErrorCode::usage, "the list of API keys holds no key: correct or unset it");
    if (keys.no_admins() && !(options.admin_keys.empty() && options.admin_key_file.empty()))
        return fail(ErrorCode::usage, "the list of admin keys holds no key: correct or unset it");
    if (keys.none() && !is_loopback(options.host) && !options.without_keys) {
        return fail(
            ErrorCode::usage,
            "anybody who reaches " + options.host +
                " could use this server: set VIGNETTE_API_KEYS, or --without-keys if something in front of "
                "it asks for keys"
        );
    }
    return keys;
}

}  // namespace

Result<Guards> read_guards(const ServeOptions& options) {
    ApiKeys keys = TRY(read_keys(options));
    return Guards{.keys = std::move(keys), .cors = TRY(Cors::read(options.cors_origins))};
}

Result<std::optional<TlsFiles>> tls_files(const ServeOptions& options) {
    if (options.tls_certificate.empty() && options.tls_key.empty()) return std::nullopt;
    if (options.tls_key.empty())
        return fail(ErrorCode::usage, "--tls-cert needs --tls-key, the file with its private key");
    if (options.tls_certificate.empty())
        return fail(ErrorCode::usage, "--tls-key needs --tls-cert, the file with its certificate");
    return TlsFiles{.certificate = options.tls_certificate, .key = options.tls_key};
}

}  // namespace vignette
