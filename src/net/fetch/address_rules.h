// Decides which IP addresses are public (against SSRF). Pure functions, any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vignette {

// IPv4 uses the last four bytes; the others are 0.
struct IpAddress {
    enum class Version : std::uint8_t { four, six } version = Version::four;
    std::array<std::uint8_t, 16> bytes{};
    bool operator==(const IpAddress&) const = default;
};

IpAddress ip_v4(std::uint32_t number);

// In the usual notation: four decimal numbers, or what may be between the brackets of a URL's host.
std::optional<IpAddress> parse_ip(std::string_view text);

// As read by inet_aton(), which many programs use: one to four numbers, each decimal, octal (0…) or
// hexadecimal (0x…), the last of which fills the remaining bytes. Empty if the text is not such a number.
std::optional<IpAddress> parse_ip_v4_number(std::string_view text);

std::string to_text(const IpAddress& address);

// The IPv4 address that an IPv6 one has embedded in it (mapped, NAT64, 6to4); any other address as it is.
IpAddress unmapped(const IpAddress& address);

// Whether the address means the same machine everywhere on the internet. An IPv6 address with an IPv4 one
// embedded in it (mapped, NAT64, 6to4) is judged by that.
bool is_public(const IpAddress& address);

}  // namespace vignette
