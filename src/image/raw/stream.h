// What LibRaw reads from: a file in memory that may only be read so much of. Its parsers can be led round in
// circles by a file of a hundred bytes, for ever.
#pragma once

#include <libraw/libraw.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace vignette {

class RawStream final : public LibRaw_buffer_datastream {
public:
    // A byte costs one, a call what it takes beside. Parsers look at little; a decoder asks byte by byte.
    static constexpr std::int64_t call_cost = 16;
    static constexpr std::int64_t parsing_cost = 64LL << 20;

    explicit RawStream(std::span<const std::byte> encoded)
        : LibRaw_buffer_datastream(const_cast<std::byte*>(encoded.data()), encoded.size()),  // it only reads
          left_(parsing_cost + static_cast<std::int64_t>(encoded.size())) {}

    // Once the file is known: each byte may be asked for on its own, and nearly twice.
    void allow_decoding() { left_ = parsing_cost + 2 * call_cost * size(); }

    int read(void* to, std::size_t item, std::size_t count) override {
        pay(item * count);
        return LibRaw_buffer_datastream::read(to, item, count);
    }
    int seek(INT64 offset, int whence) override {
        pay(0);
        return LibRaw_buffer_datastream::seek(offset, whence);
    }
    int get_char() override {
        pay(1);
        return LibRaw_buffer_datastream::get_char();
    }
    char* gets(char* to, int most) override {
        pay(static_cast<std::size_t>(std::max(most, 0)));
        return LibRaw_buffer_datastream::gets(to, most);
    }
    int scanf_one(const char* format, void* to) override {
        pay(1);
        return LibRaw_buffer_datastream::scanf_one(format, to);
    }

private:
    // As LibRaw's decoders say that they are at a loss, which LibRaw turns into a code. The end of the file,
    // which its streams can tell, would be the wrong word: nothing is missing.
    void pay(std::size_t bytes) {
        left_ -= call_cost + static_cast<std::int64_t>(std::min(bytes, static_cast<std::size_t>(size())));
        if (left_ < 0) throw LIBRAW_EXCEPTION_DECODE_RAW;
    }

    std::int64_t left_;
};

}  // namespace vignette
