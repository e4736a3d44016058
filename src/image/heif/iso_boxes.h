// The boxes of an ISO base media file (MP4, HEIC, AVIF), as far as still pictures need them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/bytes_view.h"

namespace vignette {

// Reads from front to back; past the end it reads zeros and remembers that it did.
class ByteReader {
public:
    explicit ByteReader(BytesView view) : view_(view) {}

    std::uint64_t number(std::size_t bytes);  // big-endian, 0 to 8 bytes
    std::uint32_t u8() { return static_cast<std::uint32_t>(number(1)); }
    std::uint32_t u16() { return static_cast<std::uint32_t>(number(2)); }
    std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
    void skip(std::size_t bytes);
    BytesView rest() const { return view_.part(offset_, view_.size() - offset_); }
    bool good() const { return good_; }

private:
    BytesView view_;
    std::size_t offset_ = 0;
    bool good_ = true;
};

struct Box {
    BytesView type{{}};  // four letters
    BytesView content{{}};
    bool is(std::string_view name) const { return type.has(0, name); }
};

// Iterates over the boxes at one level.
class BoxWalk {
public:
    explicit BoxWalk(BytesView view) : view_(view) {}

    // Empty at the end, or if a box claims to be longer than its parent.
    std::optional<Box> next();
    bool at_end() const { return offset_ == view_.size(); }

private:
    BytesView view_;
    std::size_t offset_ = 0;
};

std::optional<Box> find_box(BytesView inside, std::string_view name);

}  // namespace vignette
