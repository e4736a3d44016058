// A stranger's film in, its frames out: one after the other, in the order in which they are shown.
//
// Nothing but the file's own bytes is ever read: no address, no other file. One film belongs to one thread;
// several films may be read by several threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

#include "film/frame_likeness.h"
#include "vignette/error.h"
#include "vignette/image.h"
#include "vignette/limits.h"

namespace vignette {

struct FilmFacts {
    double duration = 0;  // seconds; 0 where the file does not say
    double fps = 0;       // 0 where the file does not say
    Size size;            // upright
    std::string container;
    std::string codec;
};

// When a frame is on the screen: from its own time up to the next one's.
struct Shown {
    double from = 0;  // seconds, as the file says
    double until = 0;
    bool last = false;  // shown at `until`, too
};

// What is asked for next: the frame that is on the screen at that time or, with `begins`, the first one that
// begins at it or later.
struct NextWanted {
    double at = 0;
    bool begins = false;
};

class FilmFile {
public:
    // `file` must outlive it. Once a stop is requested all calls end with `cancelled`.
    static Result<FilmFile> open(std::span<const std::byte> file, const Limits& limits, std::stop_token stop);
    FilmFile(FilmFile&&) noexcept;
    FilmFile& operator=(FilmFile&&) noexcept;
    ~FilmFile();

    const FilmFacts& facts() const;

    // On to the next frame; empty after the last one. An error is where the file ends too early or nothing
    // in it can be decoded: the frames before it stand.
    Result<std::optional<Shown>> next();

    // Nothing before that will be asked for. If the file's index knows a key frame before it, everything up
    // to that is skipped, and so are frames that no other frame needs.
    void skip_to(const NextWanted& wanted);

    // The frame that next() came to: upright RGB, and a small picture of it (not turned upright).
    Result<Image> picture();
    Result<Thumbnail> thumbnail();

    std::int64_t damaged() const;  // frames and pieces of frames that were passed over

private:
    class Reader;
    explicit FilmFile(std::unique_ptr<Reader> reader);

    std::unique_ptr<Reader> reader_;
};

}  // namespace vignette
