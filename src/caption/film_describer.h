// Describes a film frame by frame: chooses the frames, has each described, passes them on in order. Any
// thread.
//
// Holds no more than the film's bytes and the frames in progress, however long the film is.
#pragma once

#include <cstddef>
#include <functional>
#include <future>
#include <stop_token>
#include <string>
#include <vector>

#include "caption/media/picture_reader.h"
#include "core/thread_pool.h"
#include "film/source.h"
#include "image/decode.h"
#include "vignette/bytes.h"
#include "vignette/caption.h"
#include "vignette/captioner.h"
#include "vignette/error.h"
#include "vignette/film.h"
#include "vignette/image.h"
#include "vignette/limits.h"

namespace vignette {

// Describes one decoded frame. Called by several threads at once.
using AnswerFrame = std::function<Result<Caption>(Job job, DecodedImage frame, const std::stop_token& stop)>;

struct FrameSeries {
    std::vector<Image> images;  // of one size; at least one
    std::vector<double> times;  // when each is shown, in seconds, rising
    Timings::Duration decoding{};
    MediaGate::Pass held{};  // of their memory; of a window: the whole film's describer has it
};

// Answers about frames that stand in one prompt. Called by several threads at once.
using AnswerFrames = std::function<Result<Caption>(Job job, FrameSeries frames, const std::stop_token& stop)>;

inline constexpr int frames_together_default = 16;

struct FilmMeans {
    const Limits& limits;
    PictureReader& reader;                          // outlives the call
    int frames_at_once = 1;                         // the model may work on
    int frames_together = frames_together_default;  // in one prompt, where the job does not say
};

inline constexpr std::size_t frame_bytes_max = 512 * MiB;  // for decoded frames in progress

// What is said of every film, however it is described.
void add_facts(const FilmFacts& facts, FilmInfo& info);
void warn_of_damage(const FilmSource& file, const std::string& field, FilmInfo& info);
std::string seconds_text(double seconds);

// Has one of the crew do it. What is thrown, which only a lack of memory causes, becomes an error.
std::future<Result<Caption>> start_on(ThreadPool& crew, std::function<Result<Caption>()> work);

// Returns once `on_frame` has had each frame or the film cannot be read any further; `cancelled` if a stop
// was requested. Calls `on_frame` on the caller's thread.
Result<FilmInfo> describe_film(
    Film film, const FilmMeans& means, const AnswerFrame& answer, const std::stop_token& stop,
    const OnFrame& on_frame
);

}  // namespace vignette
