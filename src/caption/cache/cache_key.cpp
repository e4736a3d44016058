#include "caption/cache/cache_key.h"

#include <openssl/evp.h>

namespace vignette {

KeyDigest::KeyDigest() : context_(EVP_MD_CTX_new()) {
    EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr);
}

void KeyDigest::add(std::span<const std::byte> bytes) {
    add(bytes.size());
    update(bytes);
}

void KeyDigest::update(std::span<const std::byte> bytes) {
    EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
}

CacheKey KeyDigest::finish() {
    CacheKey key{};
    EVP_DigestFinal_ex(context_.get(), key.data(), nullptr);
    return key;
}

void KeyDigest::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

}  // namespace vignette
