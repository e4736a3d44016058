// The port between the light front and the heavy back: a job in, its answer or an error out.
//
// The front (`vignette`) starts in milliseconds; the back (`libvignette-captioner.so`) brings OpenCV, the
// tokenizer and torch and is opened at run time through vignette_open_captioner. Both are built from one tree
// by one compiler.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "vignette/bundle.h"
#include "vignette/caption.h"
#include "vignette/error.h"
#include "vignette/fetcher.h"
#include "vignette/film.h"
#include "vignette/job.h"
#include "vignette/limits.h"

namespace vignette {

struct CaptionerConfig {
    std::filesystem::path bundle;    // of the words; empty: captions are off
    std::filesystem::path embedder;  // of the vectors; empty: there are none
    std::function<Result<std::filesystem::path>(std::string_view name)> find_bundle;  // that a job names
    bool lazy = false;             // load nothing before a job needs it
    int models_max = 2;            // in memory at once
    std::chrono::seconds idle{0};  // a model unused for that long is let go; 0: never
    std::string device = "auto";   // auto, cpu, cuda
    int slots = 0;                 // sequences' cache rows; 0: the model side decides
    int threads = 0;               // of CPU operators; 0: all cores
    Fetcher* fetcher = nullptr;    // outlives the captioner; none: addresses are refused
    Limits limits;
};

// Hears a caption while it is made, on the thread that waits for it. The pieces joined are the caption's
// text.
using OnPiece = std::function<void(std::string_view piece)>;

class Captioner {
public:
    virtual ~Captioner() = default;

    // How many pictures with the default bundle's defaults compute side by side; more would only wait. At
    // least 1.
    virtual int pictures_at_once() const = 0;

    // Does the job's task. Any thread; returns when it is done, has failed, or `stop` was requested.
    // `on_piece` may be empty.
    virtual Result<Caption> caption(Job job, std::stop_token stop, const OnPiece& on_piece) = 0;

    // Describes a film frame by frame; memory does not grow with its length. Any thread; returns when all
    // frames were heard. An error is about the film itself; what was heard before it stands.
    virtual Result<FilmInfo> describe(Film film, std::stop_token stop, const OnFrame& on_frame) = 0;
};

using OpenCaptioner = Result<std::unique_ptr<Captioner>>(const CaptionerConfig& config);

inline constexpr const char* open_captioner_symbol = "vignette_open_captioner";

}  // namespace vignette
