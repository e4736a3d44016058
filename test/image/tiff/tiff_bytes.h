// TIFF files as strings, built entry by entry, right or wrong.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vignette/bytes.h"

namespace vignette::fixtures {

class TiffBytes {
public:
    enum Type : std::uint32_t { byte = 1, ascii, short_, long_, rational, undefined = 7 };

    explicit TiffBytes(bool big_endian = false) : big_endian_(big_endian) {
        text_ = big_endian ? std::string("MM\0*", 4) : std::string("II*\0", 4);
        text_ += number(8, 4);
    }

    std::string number(std::uint64_t value, int bytes) const {
        std::string digits;
        for (int i = 0; i < bytes; ++i)
            digits += static_cast<char>(value >> 8 * (big_endian_ ? bytes - 1 - i : i) & 0xFF);
        return digits;
    }

    // Four bytes of values, as stored in the entry.
    std::string inline_short(std::uint32_t value) const { return number(value, 2) + std::string(2, '\0'); }

    TiffBytes& entry(std::uint32_t tag, std::uint32_t type, std::uint32_t count, const std::string& value) {
        entries_.push_back(number(tag, 2) + number(type, 2) + number(count, 4) + value);
        return *this;
    }
    TiffBytes& short_entry(std::uint32_t tag, std::uint32_t value) {
        return entry(tag, short_, 1, inline_short(value));
    }
    TiffBytes& long_entry(std::uint32_t tag, std::uint32_t value) {
        return entry(tag, long_, 1, number(value, 4));
    }

    // The offsets at which the directory under construction, and the data after it, will begin.
    std::uint32_t here() const { return static_cast<std::uint32_t>(text_.size()); }
    std::uint32_t behind(std::size_t entries) const {
        return here() + 2 + 12 * static_cast<std::uint32_t>(entries) + 4;
    }

    TiffBytes& end_directory(std::uint32_t next = 0) {
        text_ += number(entries_.size(), 2);
        for (const std::string& entry : entries_) text_ += entry;
        text_ += number(next, 4);
        entries_.clear();
        return *this;
    }
    TiffBytes& append(std::string_view data) {
        text_ += data;
        return *this;
    }

    const std::string& text() const { return text_; }

private:
    bool big_endian_;
    std::string text_;
    std::vector<std::string> entries_;
};

}  // namespace vignette::fixtures
