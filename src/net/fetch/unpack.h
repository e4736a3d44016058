// Content that a server sends packed, unpacked piece by piece and never beyond a limit. zlib.
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
    // What the header says: gzip and deflate are read, "" and identity are not packed.
    static bool is_packed(const std::string& encoding);
    static bool is_readable(const std::string& encoding);

    Unpacker();
    ~Unpacker();
    Unpacker(const Unpacker&) = delete;
    Unpacker& operator=(const Unpacker&) = delete;

    // Appends what `size` bytes at `data` hold to `content`, as long as that has at most `bytes_max`.
    Unpacked feed(const char* data, std::size_t size, Bytes& content, std::size_t bytes_max);
    bool is_at_end() const { return last_ == Unpacked::end; }

private:
    z_stream stream_{};
    Unpacked last_ = Unpacked::more;
};

}  // namespace vignette
