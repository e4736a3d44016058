// Which frames of a film are wanted. Pure: it sees each frame in the order of the film. One thread.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "film/file.h"
#include "film/frame_likeness.h"
#include "vignette/film.h"

namespace vignette {

// - a number per second (1 by default): the first frame at or after each k / fps, once where it is
// the
//   first one after several of them;
// - at given times: the frame that is on the screen then, once for each of them; before the first frame that
//   is the first;
// - where the scene changes: the first frame, and each one that differs from the frame before it like a cut
//   (scene_change() >= cut_min) half a second or more after the last one that was taken.
class FrameChoice {
public:
    FrameChoice(FrameOptions options, std::size_t frames_max);

    // How many places of the answer get this frame; 0: it is not wanted. At most what is left of the
    // frames_max. A thumbnail is needed only where needs_thumbnails() is true.
    std::size_t places(const Shown& frame, const std::optional<Thumbnail>& thumbnail);

    bool needs_thumbnails() const { return options_.keyframes; }

    // What is wanted next. Empty: each frame must be looked at.
    std::optional<NextWanted> next() const;

    // Nothing further is wanted.
    bool done() const;
    bool cut() const { return cut_ || too_many_; }  // more were wanted than frames_max

    // Of the given times, those after the film's end; for when the film is over.
    std::vector<double> beyond_end() const;

private:
    std::size_t wanted(const Shown& frame, const std::optional<Thumbnail>& thumbnail);
    std::size_t by_time(const Shown& frame);
    std::size_t by_rate(const Shown& frame);
    std::size_t by_scene(const Shown& frame, const Thumbnail& thumbnail);

    FrameOptions options_;
    const std::size_t frames_max_;
    const bool too_many_;  // times were given
    std::size_t taken_ = 0;
    bool cut_ = false;
    std::size_t next_time_ = 0;  // of options_.timestamps
    double next_beat_ = 0;       // k: the next frame wanted is at or after k / fps
    std::optional<Thumbnail> before_;
    double scene_from_ = 0;
};

}  // namespace vignette
