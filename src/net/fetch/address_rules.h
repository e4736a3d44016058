// Which addresses of the internet are public. Pure functions, any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vignette {

// Of version 4 the last four bytes count, the others are 0.
struct IpAddress {
    enum class Version : std::uint8_t { four, six } version = Version::four;
    std::array<std::uint8_t, 16> bytes{};
    bool operator==(const IpAddress&) const = default;
};

IpAddress ip_v4(std::uint32_t number);

// As programs write them: four decimal numbers, or what may be between the brackets of a URL's host.
std::optional<IpAddress> parse_ip(std::string_view text);

// As inet_aton() reads them, which many programs ask: one to four numbers, each decimal, octal (0…) or
// hexadecimal (0x…), the last of which fills what is left. Empty if it is not such a number.
std::optional<IpAddress> parse_ip_v4_number(std::string_view text);

std::string to_text(const IpAddress& address);

// Whether anybody on the internet means the same machine by it. What carries an address of version 4 in it
// (mapped, NAT64, 6to4) is judged by that one.
bool is_public(const IpAddress& address);

}  // namespace vignette
