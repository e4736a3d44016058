#include "net/server/certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <fstream>
#include <memory>
#include <string_view>
#include <utility>

#include "core/log.h"

namespace vignette {
namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

std::unexpected<Error> unusable(const std::string& file, const std::string& why) {
    return fail(ErrorCode::usage, "TLS cannot use " + file + ": " + why);
}

// HTTP/1.1 for those who ask; whoever speaks only other protocols is told so in the handshake.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* length, const unsigned char* offered, unsigned int offered_length, void*) {
    static constexpr std::string_view ours("\x08http/1.1");
    unsigned char* found = nullptr;
    const int result = SSL_select_next_proto(
        &found, length, reinterpret_cast<const unsigned char*>(ours.data()), ours.size(), offered,
        offered_length
    );
    *chosen = found;
    return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

// Forward secrecy and authenticated encryption only. Sessions are resumed by tickets, so that none is kept
// here.
void set_rules(ssl::context& context) {
    SSL_CTX* const raw = context.native_handle();
    SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
    SSL_CTX_set_options(
        raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                 SSL_OP_PRIORITIZE_CHACHA
    );
    SSL_CTX_set_cipher_list(raw, "ECDHE+AESGCM:ECDHE+CHACHA20");
    SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_alpn_select_cb(raw, choose_protocol, nullptr);
}

std::string date(const ASN1_TIME* time) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> text(BIO_new(BIO_s_mem()), BIO_free);
    ASN1_TIME_print(text.get(), time);
    char* bytes = nullptr;
    const long length = BIO_get_mem_data(text.get(), &bytes);
    return {bytes, static_cast<std::size_t>(std::max(length, 0L))};
}

Result<void> check_dates(const ssl::context& context, const std::string& file) {
    const X509* const own = SSL_CTX_get0_certificate(const_cast<ssl::context&>(context).native_handle());
    if (X509_cmp_current_time(X509_get0_notAfter(own)) < 0)
        return unusable(file, "it expired on " + date(X509_get0_notAfter(own)) + "; renew it");
    if (X509_cmp_current_time(X509_get0_notBefore(own)) > 0) {
        return unusable(
            file, "it is not valid before " + date(X509_get0_notBefore(own)) + "; check the clock"
        );
    }
    return {};
}

Result<void> check_readable(const std::string& file) {
    const std::ifstream opened(file);
    if (!opened) return unusable(file, "it cannot be opened; check the path and who may read it");
    return {};
}

// No password is ever asked for: a server starts on its own.
std::string no_password(std::size_t, ssl::context::password_purpose) { return {}; }

Result<std::shared_ptr<ssl::context>> load(const TlsFiles& files) {
    TRY(check_readable(files.certificate));
    TRY(check_readable(files.key));
    auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
    set_rules(*context);
    error_code error;
    error = context->set_password_callback(no_password, error);
    error = context->use_certificate_chain_file(files.certificate, error);
    if (error) {
        return unusable(
            files.certificate,
            "it holds no certificate; it must be PEM: the server's own first, then the intermediate ones"
        );
    }
    error = context->use_private_key_file(files.key, ssl::context::pem, error);
    if (error && ERR_GET_REASON(static_cast<unsigned long>(error.value())) == X509_R_KEY_VALUES_MISMATCH)
        return unusable(files.key, "this key does not belong to the certificate " + files.certificate);
    if (error) return unusable(files.key, "it holds no private key; it must be PEM, without a password");
    TRY(check_dates(*context, files.certificate));
    return context;
}

}  // namespace

Certificate::Stamps Certificate::stamps_of(const TlsFiles& files) {
    const auto stamp_of = [](const std::string& file) -> Stamp {
        std::error_code written, bytes;
        Stamp stamp{
            .written = std::filesystem::last_write_time(file, written),
            .bytes = std::filesystem::file_size(file, bytes)
        };
        return written || bytes ? Stamp{} : stamp;
    };
    return {stamp_of(files.certificate), stamp_of(files.key)};
}

Result<Certificate> Certificate::read(const TlsFiles& files) {
    Certificate read;
    read.files_ = files;
    read.stamps_ = stamps_of(files);
    read.context_ = TRY(load(files));
    return read;
}

void Certificate::look_again() {
    const Stamps now = stamps_of(files_);
    if (now == stamps_) return;
    stamps_ = now;  // before reading: what is written meanwhile is read the next time
    Result<std::shared_ptr<Context>> loaded = load(files_);
    if (!loaded) return log_warning(loaded.error().message + "; the certificate read before stays in use");
    context_ = *std::move(loaded);
    log_info("new certificate: " + files_.certificate);
}

}  // namespace vignette
