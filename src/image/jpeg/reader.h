// libjpeg-turbo, row by row, with its complaints as values. A failed call exits by longjmp, so each call is
// isolated at the boundary between C and our code.
#pragma once

// First, because jpeglib.h needs it without including it.
#include <cstdio>

#include <jpeglib.h>

#include <array>
#include <csetjmp>
#include <cstdint>
#include <span>
#include <string>

#include "vignette/image.h"

namespace vignette {

class JpegReader {
public:
    explicit JpegReader(std::span<const std::byte> encoded);
    ~JpegReader() { jpeg_destroy_decompress(&state_); }
    JpegReader(const JpegReader&) = delete;
    JpegReader& operator=(const JpegReader&) = delete;

    // To be called in this order; each returns false on failure, after which only complaint() may be called.
    bool read_header();
    bool start(J_COLOR_SPACE colours, int eighths);
    bool read_rows(std::uint8_t* into, std::int32_t count);  // the next rows
    bool finish();

    Size full() const;                                                   // once the header is read
    bool has_inks() const;                                               // CMYK
    Size size() const;                                                   // once started
    bool warned() const { return errors_.num_warnings > 0; }             // some of it was damaged
    bool ended_early() const { return ended_early_; }                    // the file ended before the picture
    std::string complaint() const { return std::string(said_.data()); }  // the first

private:
    template <class Call>
    bool attempt(Call call);
    static JpegReader& of(j_common_ptr common);
    static void leave(j_common_ptr common);
    static void note(j_common_ptr common, int level);
    static void count_scans(j_common_ptr common);

    jpeg_decompress_struct state_{};
    jpeg_error_mgr errors_{};
    jpeg_progress_mgr progress_{};
    std::jmp_buf escape_{};
    std::array<char, JMSG_LENGTH_MAX> said_{};
    std::span<const std::byte> encoded_;
    bool ended_early_ = false;
};

}  // namespace vignette
