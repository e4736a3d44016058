// Unpacks compressed content (Content-Encoding) piece by piece, never beyond a limit. zlib.
#pragma once

#include <zlib.h>

#include <cstddef>
#include <memory>
#include <string>

#include "vignette/bytes.h"

namespace vignette {

enum class Unpacked { more, end, too_large, damaged };

class Unpacker {
public:
    // By the header's value: gzip and deflate can be unpacked; "" and identity are not packed.
    static bool is_packed(const std::string& encoding);
    static bool is_readable(const std::string& encoding);

    Unpacker();
    ~Unpacker();
    Unpacker(const Unpacker&) = delete;
    Unpacker& operator=(const Unpacker&) = delete;

    // Appends the unpacked `size` bytes at `data` to `content`, as long as that stays within `bytes_max`.
    Unpacked feed(const char* data, std::size_t size, Bytes& content, std::size_t bytes_max);
    bool is_at_end() const { return last_ == Unpacked::end; }

private:
    z_stream stream_{};
    Unpacked last_ = Unpacked::more;
};

}  // namespace vignette
