#include "net/fetch/unpack.h"

#include <algorithm>

#include "vignette/invariant.h"

namespace vignette {
namespace {

constexpr int window_and_either_header = MAX_WBITS + 32;  // either gzip's or zlib's
constexpr std::size_t piece_bytes = 16 * KiB;

}  // namespace

bool Unpacker::is_packed(const std::string& encoding) { return !encoding.empty() && encoding != "identity"; }

bool Unpacker::is_readable(const std::string& encoding) {
    return encoding == "gzip" || encoding == "x-gzip" || encoding == "deflate";
}

Unpacker::Unpacker() { ASSERT(inflateInit2(&stream_, window_and_either_header) == Z_OK); }

Unpacker::~Unpacker() { inflateEnd(&stream_); }

Unpacked Unpacker::feed(const char* data, std::size_t size, Bytes& content, std::size_t bytes_max) {
    if (last_ != Unpacked::more) return last_ = Unpacked::damaged;        // data after the end
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data));  // zlib only reads it
    stream_.avail_in = static_cast<uInt>(size);
    do {
        const std::size_t used = content.size();
        const std::size_t room =
            std::min(piece_bytes, bytes_max + 1 - used);  // one byte more than allowed, to detect excess
        content.resize(used + room);
        stream_.next_out = reinterpret_cast<Bytef*>(content.data() + used);
        stream_.avail_out = static_cast<uInt>(room);
        const int result = inflate(&stream_, Z_NO_FLUSH);
        content.resize(used + room - stream_.avail_out);
        if (content.size() > bytes_max) return last_ = Unpacked::too_large;
        if (result == Z_STREAM_END) return last_ = stream_.avail_in == 0 ? Unpacked::end : Unpacked::damaged;
        if (result != Z_OK && result != Z_BUF_ERROR) return last_ = Unpacked::damaged;
    } while (stream_.avail_in > 0 || stream_.avail_out == 0);
    return last_;
}

}  // namespace vignette
