#include "serve/api_keys.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <array>

#include "core/ascii.h"
#include "core/hex.h"

namespace vignette {
namespace {

constexpr std::string_view hash_mark = "sha256:";

std::string hash_of(std::string_view key) {
    std::string hash(SHA256_DIGEST_LENGTH, '\0');
    SHA256(
        reinterpret_cast<const unsigned char*>(key.data()), key.size(),
        reinterpret_cast<unsigned char*>(hash.data())
    );
    return hash;
}

std::string_view sent_key(const ServedRequest& request) {
    constexpr std::string_view bearer = "bearer ";
    std::string_view key = request.field("authorization");
    if (ascii_lower(key.substr(0, bearer.size())) == bearer) key.remove_prefix(bearer.size());
    if (key.empty()) key = request.field("x-api-key");
    return trim(key);
}

}  // namespace

Result<void> ApiKeys::add(std::string_view key) {
    if (!key.starts_with(hash_mark)) {
        hashes_.push_back(hash_of(key));
        return {};
    }
    const auto hash = from_hex(key.substr(hash_mark.size()));
    if (!hash || hash->size() != SHA256_DIGEST_LENGTH)
        return fail(
            ErrorCode::usage, "an API key begins with sha256: but 64 hexadecimal digits do not follow"
        );
    hashes_.push_back(*hash);
    return {};
}

Result<ApiKeys> ApiKeys::read(std::string_view list, std::string_view file) {
    ApiKeys keys;
    const auto add_all = [&](std::string_view text, char separator) -> Result<void> {
        while (!text.empty()) {
            const std::size_t end = std::min(text.find(separator), text.size());
            std::string_view key = trim(text.substr(0, end));
            if (!key.empty() && !key.starts_with('#')) TRY(keys.add(key));
            text.remove_prefix(std::min(end + 1, text.size()));
        }
        return {};
    };
    TRY(add_all(list, ','));
    TRY(add_all(file, '\n'));
    return keys;
}

std::string ApiKeys::tenant_of(const ServedRequest& request) {
    const std::string_view key = sent_key(request);
    return key.empty() ? std::string() : hash_of(key);
}

// Compares hashes, and all of them, each in the same time: how long it takes says nothing about any key.
bool ApiKeys::admit(const ServedRequest& request) const {
    if (none()) return true;
    const std::string hash = hash_of(sent_key(request));
    bool found = false;
    for (const std::string& one : hashes_) found |= CRYPTO_memcmp(one.data(), hash.data(), hash.size()) == 0;
    return found;
}

}  // namespace vignette
