// Decodes an untrusted film frame by frame, in the order in which the frames are shown.
//
// Only the file's own bytes are ever read: no address, no other file. One film belongs to one thread; several
// threads may each read their own.
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

class FilmFile {
public:
    // `file` must outlive the FilmFile. Once a stop is requested, open() and next() end with
    // `cancelled`.
    static Result<FilmFile> open(std::span<const std::byte> file, const Limits& limits, std::stop_token stop);
    FilmFile(FilmFile&&) noexcept;
    FilmFile& operator=(FilmFile&&) noexcept;
    ~FilmFile();

    const FilmFacts& facts() const;

    // Advances to the next frame; empty after the last one. Fails if the file ends too early or nothing in it
    // can be decoded; the frames before that remain valid.
    Result<std::optional<Shown>> next();

    // Promises that nothing before `wanted` will be asked for. If the file's index lists a key frame before
    // it, everything up to that is skipped, and so are frames that no other frame depends on.
    void skip_to(const NextWanted& wanted);

    // The frame that next() reached: upright RGB, and its thumbnail (not rotated).
    Result<Image> picture();
    Result<Thumbnail> thumbnail();

    std::int64_t damaged() const;  // the number of frames and pieces of frames that were skipped

private:
    class Reader;
    explicit FilmFile(std::unique_ptr<Reader> reader);

    std::unique_ptr<Reader> reader_;
};

}  // namespace vignette
