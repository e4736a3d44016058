// Reads numbers from untrusted bytes. A parser must call holds() first; reading past the end is our bug.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>

#include "vignette/invariant.h"

namespace vignette {

class BytesView {
public:
    explicit BytesView(std::span<const std::byte> bytes) : bytes_(bytes) {}

    std::size_t size() const { return bytes_.size(); }
    std::span<const std::byte> bytes() const { return bytes_; }

    bool holds(std::size_t offset, std::size_t length) const {
        return offset <= size() && length <= size() - offset;
    }

    BytesView part(std::size_t offset, std::size_t length) const {
        ASSERT(holds(offset, length));
        return BytesView(bytes_.subspan(offset, length));
    }

    bool has(std::size_t offset, std::string_view text) const {
        return holds(offset, text.size()) &&
               std::ranges::equal(bytes_.subspan(offset, text.size()), text, {}, {}, to_byte);
    }

    std::uint32_t u8(std::size_t offset) const {
        ASSERT(offset < size());
        return std::to_integer<std::uint32_t>(bytes_[offset]);
    }
    std::uint32_t le16(std::size_t offset) const { return u8(offset) | u8(offset + 1) << 8; }
    std::uint32_t le24(std::size_t offset) const { return le16(offset) | u8(offset + 2) << 16; }
    std::uint32_t le32(std::size_t offset) const { return le16(offset) | le16(offset + 2) << 16; }
    std::uint32_t be16(std::size_t offset) const { return u8(offset) << 8 | u8(offset + 1); }
    std::uint32_t be32(std::size_t offset) const { return be16(offset) << 16 | be16(offset + 2); }
    std::uint64_t be64(std::size_t offset) const {
        return std::uint64_t{be32(offset)} << 32 | be32(offset + 4);
    }

private:
    static std::byte to_byte(char character) { return static_cast<std::byte>(character); }

    std::span<const std::byte> bytes_;
};

}  // namespace vignette
