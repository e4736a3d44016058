// A film's frames, in the order in which they are shown: wherever they are decoded. One film belongs to one
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "film/frame_likeness.h"
#include "vignette/error.h"
#include "vignette/image.h"

namespace vignette {

struct FilmFacts {
    double duration = 0;  // seconds; 0 if unknown
    double fps = 0;       // 0 if unknown
    Size size;            // upright
    std::string container;
    std::string codec;
};

// When a frame is on screen: from its own time until the next frame's.
struct Shown {
    double from = 0;  // seconds, as stored in the file
    double until = 0;
    bool last = false;  // shown at `until` too
};

// Which frame is wanted next: the one on screen at that time or, with `begins`, the first one that begins at
// or after it.
struct NextWanted {
    double at = 0;
    bool begins = false;
};

class FilmSource {
public:
    virtual ~FilmSource() = default;

    virtual const FilmFacts& facts() const = 0;

    // Advances to the next frame; empty after the last one. Fails if the file ends too early or nothing in it
    // can be decoded; the frames before that remain valid.
    virtual Result<std::optional<Shown>> next() = 0;

    // Promises that nothing before `wanted` will be asked for. If the file's index lists a key frame before
    // it, everything up to that is skipped, and so are frames that no other frame depends on.
    virtual void skip_to(const NextWanted& wanted) = 0;

    // The frame that next() reached: upright RGB, and its thumbnail (not rotated).
    virtual Result<Image> picture() = 0;
    virtual Result<Thumbnail> thumbnail() = 0;

    virtual std::int64_t damaged() const = 0;  // the number of frames and pieces of frames that were skipped
};

}  // namespace vignette
