// A film to describe: frame by frame, as a whole, or in windows of some seconds.
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

// Which frames: at given times, at scene changes, or at a fixed rate.
struct FrameOptions {
    std::vector<double> timestamps;  // seconds, ascending; empty: not asked for
    bool keyframes = false;          // the first frame of each scene
    std::optional<double> fps;       // 1 if nothing else is asked for
    std::optional<std::int64_t> max_frames;
    bool keep_duplicates = false;  // describe a frame even if it looks like the one before it
    bool together = false;         // one prompt about all of them, and one answer
    // Seconds: each window of this length has its own prompt and answer; then the whole film has one.
    std::optional<double> window = {};
    bool operator==(const FrameOptions&) const = default;
};

// One answer about all of it.
inline bool is_whole(const FrameOptions& options) { return options.together && !options.window; }

struct Film {
    PictureSource source;            // the film's file; `field` names it in errors
    std::optional<Fetched> fetched;  // as of a job's pictures
    FrameOptions options;
    Job frame_job;  // how to describe each frame; has no pictures
};

// The most frames of one film that the model works on at once.
inline constexpr int film_frames_at_once_max = 16;

struct FilmFrame {
    std::size_t index = 0;               // 0, 1, 2, … without gaps
    std::optional<double> timestamp;     // seconds, according to the file; of all together: none; of a
                                         // window: its first frame's
    std::optional<std::size_t> same_as;  // the earlier frame it looks like, whose answer it shares
    Result<Caption> outcome;             // a duplicate has a copy
};

struct FilmInfo {
    double duration = 0;  // seconds; 0 if the file does not say
    double fps = 0;       // the film's own
    Size size;            // upright
    std::string container;
    std::string codec;
    std::optional<Caption> summary;  // of a film in windows: about all of them
    std::vector<Warning> warnings;
};

// Called with each frame once it is described: one at a time, in the film's order.
using OnFrame = std::function<void(FilmFrame frame)>;

}  // namespace vignette
