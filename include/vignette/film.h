// A film to describe frame by frame.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "vignette/caption.h"
#include "vignette/error.h"
#include "vignette/job.h"

namespace vignette {

// Which frames: at the given times, where the scene changes, or so many a second.
struct FrameOptions {
    std::vector<double> timestamps;  // seconds, rising; empty: not asked for
    bool keyframes = false;          // the first frame of each scene
    std::optional<double> fps;       // 1 where nothing else is asked for
    std::optional<std::int64_t> max_frames;
    bool keep_duplicates = false;  // describe a frame that looks like the one before it once more
    bool operator==(const FrameOptions&) const = default;
};

struct Film {
    PictureSource source;  // the film's file; `field` names it in errors
    FrameOptions options;
    Job frame_job;  // how each frame is described: without pictures
};

// So many frames of one film are with the model at once, if it has room for them.
inline constexpr int film_frames_at_once_max = 16;

struct FilmFrame {
    std::size_t index = 0;               // 0, 1, 2, … without gaps
    double timestamp = 0;                // seconds, as the file says
    std::optional<std::size_t> same_as;  // it looks like this earlier frame, whose answer it shares
    Result<Caption> outcome;             // of a duplicate: a copy
};

struct FilmInfo {
    double duration = 0;  // seconds, as the file says; 0 where it does not
    double fps = 0;       // the film's own
    Size size;            // upright
    std::string container;
    std::string codec;
    std::vector<Warning> warnings;
};

// Hears each frame when it is described, in the order of the film, one at a time.
using OnFrame = std::function<void(FilmFrame frame)>;

}  // namespace vignette
