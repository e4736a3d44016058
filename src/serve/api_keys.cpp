#include "serve/api_keys.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <charconv>
#include <utility>

#include "core/ascii.h"
#include "core/hex.h"

namespace vignette {
namespace {

constexpr std::string_view hash_mark = "sha256:";
constexpr std::string_view rate_mark = "rate=";
constexpr int rate_max = 1'000'000;

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

// Of a key as it is, or as its hash.
Result<std::string> read_hash(std::string_view key) {
    if (!key.starts_with(hash_mark)) return hash_of(key);
    auto hash = from_hex(key.substr(hash_mark.size()));
    if (!hash || hash->size() != SHA256_DIGEST_LENGTH)
        return fail(
            ErrorCode::usage, "an API key begins with sha256: but 64 hexadecimal digits do not follow"
        );
    return *std::move(hash);
}

Result<int> read_rate(std::string_view text) {
    int rate = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), rate);
    if (read.ec != std::errc{} || read.ptr != text.data() + text.size() || rate < 1 || rate > rate_max)
        return fail(ErrorCode::usage, "rate= after an API key must be 1 to 1000000 requests a minute");
    return rate;
}

std::unique_ptr<Rate> rate_of(int per_minute) {
    return per_minute > 0 ? std::make_unique<Rate>(per_minute) : nullptr;
}

}  // namespace

Result<void> ApiKeys::add(std::string_view line, bool admin, int per_minute) {
    const std::size_t space = line.find_last_of(" \t");
    const bool has_rate = space != line.npos && line.substr(space + 1).starts_with(rate_mark);
    if (has_rate) per_minute = TRY(read_rate(line.substr(space + 1 + rate_mark.size())));
    Key key{
        .hash = TRY(read_hash(trim(has_rate ? line.substr(0, space) : line))),
        .admin = admin,
        .rate = rate_of(per_minute),
    };
    keys_.push_back(std::move(key));
    (admin ? has_admins_ : has_clients_) = true;
    return {};
}

Result<void> ApiKeys::add_all(std::string_view text, char separator, bool admin, int per_minute) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(separator), text.size());
        const std::string_view line = trim(text.substr(0, end));
        if (!line.empty() && !line.starts_with('#')) TRY(add(line, admin, per_minute));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return {};
}

Result<ApiKeys> ApiKeys::read(const Texts& clients, const Texts& admins, int per_minute) {
    ApiKeys keys;
    TRY(keys.add_all(clients.list, ',', false, per_minute));
    TRY(keys.add_all(clients.file, '\n', false, per_minute));
    TRY(keys.add_all(admins.list, ',', true, 0));  // last: a key in both lists is an admin's
    TRY(keys.add_all(admins.file, '\n', true, 0));
    keys.everybody_ = rate_of(per_minute);
    return keys;
}

std::string ApiKeys::tenant_of(const ServedRequest& request) {
    const std::string_view key = sent_key(request);
    return key.empty() ? std::string() : hash_of(key);
}

// Compares hashes, and all of them, each in the same time: how long it takes says nothing about any key.
const ApiKeys::Key* ApiKeys::find(const ServedRequest& request) const {
    if (keys_.empty()) return nullptr;
    const std::string hash = hash_of(sent_key(request));
    const Key* found = nullptr;
    for (const Key& one : keys_)
        if (CRYPTO_memcmp(one.hash.data(), hash.data(), hash.size()) == 0) found = &one;
    return found;
}

KeyVerdict ApiKeys::admit(const ServedRequest& request, Access access) const {
    using enum KeyVerdict::Kind;
    if (access == Access::open) return {};
    const bool admins_only = access == Access::admin && has_admins_;
    const Key* const key = find(request);
    if (key == nullptr && (admins_only || has_clients_)) return {.kind = unknown};
    if (key != nullptr && admins_only && !key->admin) return {.kind = no_admin};
    Rate* const rate = key != nullptr ? key->rate.get() : everybody_.get();
    if (access == Access::admin || rate == nullptr) return {};  // watching it is never too often
    const auto wait = rate->take();
    return wait ? KeyVerdict{.kind = too_often, .wait = *wait} : KeyVerdict{};
}

}  // namespace vignette
