#include "image/heif/iso_boxes.h"

namespace vignette {

std::uint64_t ByteReader::number(std::size_t bytes) {
    if (!good_ || !view_.holds(offset_, bytes)) {
        good_ = false;
        return 0;
    }
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i) value = value << 8 | view_.u8(offset_ + i);
    offset_ += bytes;
    return value;
}

void ByteReader::skip(std::size_t bytes) {
    good_ = good_ && view_.holds(offset_, bytes);
    if (good_) offset_ += bytes;
}

std::optional<Box> BoxWalk::next() {
    if (!view_.holds(offset_, 8)) return std::nullopt;
    std::size_t head = 8;
    std::uint64_t size = view_.be32(offset_);
    if (size == 1) {  // a 64-bit size follows the type
        head = 16;
        if (!view_.holds(offset_, head)) return std::nullopt;
        size = view_.be64(offset_ + 8);
    } else if (size == 0) {  // the last box extends to the end
        size = view_.size() - offset_;
    }
    if (size < head || size > view_.size() - offset_) return std::nullopt;
    const auto length = static_cast<std::size_t>(size);
    const Box box{view_.part(offset_ + 4, 4), view_.part(offset_ + head, length - head)};
    offset_ += length;
    return box;
}

std::optional<Box> find_box(BytesView inside, std::string_view name) {
    BoxWalk walk(inside);
    while (const std::optional<Box> box = walk.next()) {
        if (box->is(name)) return box;
    }
    return std::nullopt;
}

}  // namespace vignette
