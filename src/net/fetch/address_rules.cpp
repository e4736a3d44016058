#include "net/fetch/address_rules.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <limits>
#include <span>

namespace vignette {
namespace {

constexpr std::size_t v4_offset = 12;

struct V4Range {
    std::uint32_t first;
    int bits;
};

// IANA's special-purpose registry, and one address that only looks public.
constexpr std::array v4_special{
    V4Range{0x00000000, 8},   // this network
    V4Range{0x0A000000, 8},   // private
    V4Range{0x64400000, 10},  // carrier-grade NAT
    V4Range{0x7F000000, 8},   // loopback
    V4Range{0xA83F8110, 32},  // Azure's service for its own machines: 168.63.129.16
    V4Range{0xA9FE0000, 16},  // link-local, where clouds serve credentials
    V4Range{0xAC100000, 12},  // private
    V4Range{0xC0000000, 24},  // protocol assignments
    V4Range{0xC0000200, 24},  // documentation
    V4Range{0xC0586300, 24},  // 6to4 relays
    V4Range{0xC0A80000, 16},  // private
    V4Range{0xC6120000, 15},  // benchmarks
    V4Range{0xC6336400, 24},  // documentation
    V4Range{0xCB007100, 24},  // documentation
    V4Range{0xE0000000, 4},   // multicast
    V4Range{0xF0000000, 4},   // reserved, broadcast
};

bool is_public_v4(std::uint32_t address) {
    return std::ranges::none_of(v4_special, [&](const V4Range& range) {
        return ((address ^ range.first) >> (32 - range.bits)) == 0;
    });
}

struct V6Range {
    std::array<std::uint8_t, 6> first;
    int bits;
};

constexpr std::array v6_special{
    V6Range{{0x20, 0x01, 0x00}, 23},        // protocol assignments: Teredo, benchmarks, ORCHID
    V6Range{{0x20, 0x01, 0x0d, 0xb8}, 32},  // documentation
    V6Range{{0x3f, 0xfe}, 16},              // the former 6bone
    V6Range{{0x3f, 0xff, 0x00}, 20},        // documentation
};

constexpr V6Range v6_global{{0x20}, 3};
constexpr V6Range v6_to4{{0x20, 0x02}, 16};

using V6Bytes = std::array<std::uint8_t, 16>;
constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr std::array<std::uint8_t, 12> nat64_prefix{0, 0x64, 0xff, 0x9b};

bool lies_in(const V6Bytes& address, const V6Range& range) {
    for (int bit = 0; bit < range.bits; ++bit) {
        const auto byte = static_cast<std::size_t>(bit / 8);
        const int mask = 0x80 >> (bit % 8);
        if (((address[byte] ^ range.first[byte]) & mask) != 0) return false;
    }
    return true;
}

std::uint32_t v4_at(const V6Bytes& bytes, std::size_t offset) {
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < 4; ++i) number = number << 8 | bytes[offset + i];
    return number;
}

// One number of an address, in the base given by its prefix.
std::optional<std::uint64_t> parse_number(std::string_view digits) {
    int base = 10;
    if (digits.starts_with("0x") || digits.starts_with("0X")) {
        base = 16;
        digits.remove_prefix(2);
        if (digits.empty()) return 0;  // some programs read "0x" alone as 0
    } else if (digits.size() > 1 && digits.front() == '0') {
        base = 8;
    }
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return number;
}

}  // namespace

IpAddress ip_v4(std::uint32_t number) {
    IpAddress address;
    for (std::size_t i = 0; i < 4; ++i) {
        address.bytes[v4_offset + i] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
    }
    return address;
}

std::optional<IpAddress> parse_ip(std::string_view text) {
    const std::string terminated(text);
    in_addr v4{};
    if (inet_pton(AF_INET, terminated.c_str(), &v4) == 1) return ip_v4(ntohl(v4.s_addr));
    IpAddress address{.version = IpAddress::Version::six, .bytes = {}};
    if (inet_pton(AF_INET6, terminated.c_str(), address.bytes.data()) == 1) return address;
    return std::nullopt;
}

std::optional<IpAddress> parse_ip_v4_number(std::string_view text) {
    std::uint64_t address = 0;
    for (int parts_left = 4; parts_left > 0; --parts_left) {
        const std::size_t dot = text.find('.');
        const std::optional<std::uint64_t> part = parse_number(text.substr(0, dot));
        if (!part) return std::nullopt;
        if (dot == std::string_view::npos) {
            const std::uint64_t room = std::uint64_t{1} << (8 * parts_left);
            if (*part >= room) return std::nullopt;
            return ip_v4(static_cast<std::uint32_t>(address << (8 * parts_left) | *part));
        }
        if (*part > std::numeric_limits<std::uint8_t>::max()) return std::nullopt;
        address = address << 8 | *part;
        text.remove_prefix(dot + 1);
    }
    return std::nullopt;
}

std::string to_text(const IpAddress& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const bool is_v4 = address.version == IpAddress::Version::four;
    const std::uint8_t* bytes = address.bytes.data() + (is_v4 ? v4_offset : 0);
    inet_ntop(is_v4 ? AF_INET : AF_INET6, bytes, text.data(), text.size());
    return text.data();
}

IpAddress unmapped(const IpAddress& address) {
    if (address.version == IpAddress::Version::four) return address;
    const V6Bytes& bytes = address.bytes;
    const std::span<const std::uint8_t> prefix = std::span(bytes).first(v4_offset);
    if (std::ranges::equal(prefix, mapped_prefix) || std::ranges::equal(prefix, nat64_prefix)) {
        return ip_v4(v4_at(bytes, v4_offset));
    }
    return lies_in(bytes, v6_to4) ? ip_v4(v4_at(bytes, 2)) : address;
}

bool is_public(const IpAddress& given) {
    const IpAddress address = unmapped(given);
    const V6Bytes& bytes = address.bytes;
    if (address.version == IpAddress::Version::four) return is_public_v4(v4_at(bytes, v4_offset));
    return lies_in(bytes, v6_global) &&
           std::ranges::none_of(v6_special, [&](const V6Range& range) { return lies_in(bytes, range); });
}

}  // namespace vignette
