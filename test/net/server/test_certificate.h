// A certificate of its own for a server of a test, in files.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstdio>
#include <memory>
#include <string>

#include "fakes/scratch_folder.h"
#include "net/server/web_server.h"

namespace vignette {

struct Validity {
    long from_s = -3'600;  // from now on
    long to_s = 3'600;
};

class TestCertificate {
public:
    explicit TestCertificate(const std::string& name = "test", Validity validity = {}) {
        renew(name, validity);
    }

    TlsFiles files() const {
        return {.certificate = folder_.path() / "certificate.pem", .key = folder_.path() / "key.pem"};
    }

    void renew(const std::string& name, Validity validity = {}) const {
        const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
        const std::unique_ptr<X509, decltype(&X509_free)> own(X509_new(), X509_free);
        X509_set_version(own.get(), 2);
        X509_gmtime_adj(X509_getm_notBefore(own.get()), validity.from_s);
        X509_gmtime_adj(X509_getm_notAfter(own.get()), validity.to_s);
        X509_set_pubkey(own.get(), key.get());
        X509_NAME* const subject = X509_get_subject_name(own.get());
        const auto* const bytes = reinterpret_cast<const unsigned char*>(name.c_str());
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, bytes, -1, -1, 0);
        X509_set_issuer_name(own.get(), subject);
        X509_sign(own.get(), key.get(), EVP_sha256());
        write(files().key, [&](std::FILE* file) {
            PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
        });
        write(files().certificate, [&](std::FILE* file) { PEM_write_X509(file, own.get()); });
    }

private:
    template <class Write>
    static void write(const std::string& path, Write&& write_to) {
        std::FILE* const file = std::fopen(path.c_str(), "w");
        write_to(file);
        std::fclose(file);
    }

    ScratchFolder folder_;
};

}  // namespace vignette
