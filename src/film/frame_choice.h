// Chooses which frames of a film are described. Pure: it is shown every frame in order. One thread.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "film/frame_likeness.h"
#include "film/source.h"
#include "vignette/film.h"

namespace vignette {

// - a number per second (1 by default): the first frame at or after each k / fps, once even if it is the
//   first after several of them;
// - at given times: the frame on screen then, once per time; for times before the first frame, the first;
// - at scene changes: the first frame, and each frame that differs from the one before it by a cut
//   (scene_change() >= cut_min), at least half a second after the last frame taken.
class FrameChoice {
public:
    FrameChoice(FrameOptions options, std::size_t frames_max);

    // How many places in the answer get this frame; 0 if it is not wanted. At most what is left of
    // frames_max. A thumbnail is needed only if needs_thumbnails() is true.
    std::size_t places(const Shown& frame, const std::optional<Thumbnail>& thumbnail);

    bool needs_thumbnails() const { return options_.keyframes; }

    // What is wanted next. Empty if every frame must be examined.
    std::optional<NextWanted> next() const;

    // True when nothing more is wanted.
    bool done() const;
    bool cut() const { return cut_ || too_many_; }  // more were wanted than frames_max

    // The requested times after the end of the film; to be called when the film is over.
    std::vector<double> beyond_end() const;

private:
    std::size_t wanted(const Shown& frame, const std::optional<Thumbnail>& thumbnail);
    std::size_t by_time(const Shown& frame);
    std::size_t by_rate(const Shown& frame);
    std::size_t by_scene(const Shown& frame, const Thumbnail& thumbnail);

    FrameOptions options_;
    const std::size_t frames_max_;
    const bool too_many_;  // timestamps were given
    std::size_t taken_ = 0;
    bool cut_ = false;
    std::size_t next_time_ = 0;  // index into options_.timestamps
    double next_beat_ = 0;       // k: the next frame wanted is at or after k / fps
    std::optional<Thumbnail> before_;
    double scene_from_ = 0;
};

}  // namespace vignette
