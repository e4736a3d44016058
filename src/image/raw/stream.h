// The stream that LibRaw reads from: a file in memory with a read budget. A file of a hundred bytes can send
// LibRaw's parsers into an endless loop.
#pragma once

#include <libraw/libraw.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace vignette {

class RawStream final : public LibRaw_buffer_datastream {
public:
    // A byte costs one, and each call costs extra. Parsers read little; decoders ask for single bytes.
    static constexpr std::int64_t call_cost = 16;
    static constexpr std::int64_t parsing_cost = 64LL << 20;

    explicit RawStream(std::span<const std::byte> encoded)
        : LibRaw_buffer_datastream(const_cast<std::byte*>(encoded.data()), encoded.size()),  // only read
          left_(parsing_cost + static_cast<std::int64_t>(encoded.size())) {}

    // Called once the file has been parsed: every byte may be read singly, and almost twice.
    void allow_decoding() {
        left_ = parsing_cost + 2 * call_cost * size();
        decoding_ = true;
        missing_ = 0;
    }

    // While it decodes, LibRaw looks at what it asked for whether it got it or not: nothing is left as it
    // happened to be. (Before, while it unpacks a thumbnail, it may ask for more than its buffer holds.)
    int read(void* to, std::size_t item, std::size_t count) override {
        pay(item * count);
        const int got = LibRaw_buffer_datastream::read(to, item, count);
        const std::size_t bytes = item * static_cast<std::size_t>(std::max(got, 0));
        if (bytes < item * count) {
            if (decoding_) std::memset(static_cast<char*>(to) + bytes, 0, item * count - bytes);
            missing_ += static_cast<std::int64_t>(item * count - bytes);
        }
        return got;
    }

    // Bytes that were asked for and are not in the file. Decoders read whole blocks, so that the last of a
    // complete file may lack some.
    std::int64_t missing() const { return missing_; }
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
    // Throws what LibRaw's decoders throw when they fail, which LibRaw turns into an error code. Reporting
    // the end of the file instead would be wrong: nothing is missing.
    void pay(std::size_t bytes) {
        left_ -= call_cost + static_cast<std::int64_t>(std::min(bytes, static_cast<std::size_t>(size())));
        if (left_ < 0) throw LIBRAW_EXCEPTION_DECODE_RAW;
    }

    std::int64_t left_;
    std::int64_t missing_ = 0;
    bool decoding_ = false;
};

}  // namespace vignette
