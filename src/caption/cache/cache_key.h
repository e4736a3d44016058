// What an answer or a picture's features are kept under: a whole SHA-256 over everything that decides them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

struct evp_md_ctx_st;  // OpenSSL's, so that its headers stay in the .cpp

namespace vignette {

using CacheKey = std::array<std::uint8_t, 32>;

// Any eight of its bytes are as good a hash as another.
struct FirstBytes {
    std::size_t operator()(const CacheKey& key) const {
        std::size_t first = 0;
        std::memcpy(&first, key.data(), sizeof first);
        return first;
    }
};

// Every value goes in with its length or its presence, so that no two lists of values give the same bytes.
// One thread at a time.
class KeyDigest {
public:
    KeyDigest();

    void add(std::span<const std::byte> bytes);
    void add(std::string_view text) { add(std::as_bytes(std::span(text))); }
    void add(const std::string& text) { add(std::string_view(text)); }
    void add(const CacheKey& key) { add(std::as_bytes(std::span(key))); }
    template <class Value>
        requires std::is_arithmetic_v<Value> || std::is_enum_v<Value>
    void add(Value value) {
        update(std::as_bytes(std::span(&value, 1)));
    }
    template <class Value>
    void add(const std::optional<Value>& value) {
        add(value.has_value());
        if (value) add(*value);
    }
    void add(const std::vector<std::string>& texts) {
        add(texts.size());
        for (const std::string& text : texts) add(text);
    }

    CacheKey finish();  // nothing may be added after it

private:
    struct Free {
        void operator()(evp_md_ctx_st* context) const;
    };
    void update(std::span<const std::byte> bytes);

    std::unique_ptr<evp_md_ctx_st, Free> context_;
};

}  // namespace vignette
