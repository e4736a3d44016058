// A film's container, opened from memory: libav's only way to the outside, which is closed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stop_token>

#include "core/film_kind.h"
#include "film/libav.h"
#include "vignette/error.h"

namespace vignette {

// Not movable: libav keeps pointers to it.
class FilmInput {
public:
    FilmInput(std::span<const std::byte> file, std::stop_token stop);
    FilmInput(const FilmInput&) = delete;
    FilmInput& operator=(const FilmInput&) = delete;

    Result<void> open(FilmKind kind);
    AVFormatContext& format() const { return *format_; }
    bool stopped() const { return stop_.stop_requested(); }

private:
    static int read(void* self, std::uint8_t* into, int wanted);
    static std::int64_t seek(void* self, std::int64_t offset, int whence);

    const std::span<const std::byte> file_;
    const std::stop_token stop_;
    std::size_t at_ = 0;
    Av<AVIOContext> io_;
    Av<AVFormatContext> format_;  // declared after io_, which it uses until it is destroyed
};

}  // namespace vignette
